/**
 * The outbox: facts that must still be told, written in the transaction that made them true.
 *
 * Hot path: the writer announces by itself right after its commit; the row is only the promise that
 * the fact is told again if that hint got lost. A `consumer` topic's row goes in the transaction in
 * which its consumer acts; a `relay` topic (a broadcast) has no such transaction and goes once told.
 * With the bus away rows wait and `relayOutbox` tells them later, ever more seldom.
 */
import type { Clock } from '@sluice/kernel/clock'
import type { Kysely, Transaction } from 'kysely'
import { sql } from 'kysely'

import type { Tables } from './tables.ts'

/** Topic → who deletes its row. */
export const outboxTopics = {
  'image-job-queued': 'consumer',
  'image-job-ended': 'consumer',
  'image-job-cancelled': 'relay',
  'api-key-changed': 'relay',
  'catalog-changed': 'relay',
} as const satisfies Record<string, 'consumer' | 'relay'>
export type OutboxTopic = keyof typeof outboxTopics

export interface OutboxMessage {
  topic: OutboxTopic
  /** What the fact is about; a second fact about it replaces the first. */
  key: string
  /** In wire form: JSON without bigint or Date. */
  payload: unknown
}

const BACKOFF_BASE_MS = 1_000
const BACKOFF_MAX_MS = 60_000

/** Promises that the fact will be told. `dueAt` leaves the writer time for its own announcement. */
export async function writeOutbox(
  trx: Transaction<Tables>,
  { topic, key, payload, dueAt }: OutboxMessage & { dueAt: Date },
): Promise<void> {
  await trx
    .insertInto('outbox')
    .values({ topic, key, payload: JSON.stringify(payload), due_at: dueAt })
    .onConflict((conflict) =>
      conflict.columns(['topic', 'key']).doUpdateSet({
        payload: (row) => row.ref('excluded.payload'),
        due_at: (row) => row.ref('excluded.due_at'),
        revision: sql<bigint>`nextval('outbox_revision')`,
        attempts: 0,
      }),
    )
    .execute()
}

/** The consumer did what the fact asked for, in `trx`. True if the row was still there. */
export async function clearOutbox(
  trx: Transaction<Tables>,
  { topic, key }: { topic: OutboxTopic; key: string },
): Promise<boolean> {
  const result = await trx
    .deleteFrom('outbox')
    .where('topic', '=', topic)
    .where('key', '=', key)
    .executeTakeFirst()
  return result.numDeletedRows > 0n
}

/** The same for many facts of one topic, in one statement. */
export async function clearOutboxAll(
  trx: Transaction<Tables>,
  { topic, keys }: { topic: OutboxTopic; keys: readonly string[] },
): Promise<void> {
  if (keys.length === 0) return
  await trx.deleteFrom('outbox').where('topic', '=', topic).where('key', 'in', keys).execute()
}

/**
 * Tells what is due, at most `limit` facts, each at least once. Relays may run side by side.
 * Returns how many were told; throws an AggregateError when some could not be (they stay, and come
 * due again).
 */
export async function relayOutbox({
  db,
  publish,
  clock,
  limit,
}: {
  db: Kysely<Tables>
  publish: (message: OutboxMessage) => Promise<void>
  clock: Clock
  limit: number
}): Promise<number> {
  const due = await claimDue(db, { now: clock.now(), limit })
  const told = await Promise.allSettled(
    due.map(async ({ topic, key, payload }) => publish({ topic, key, payload })),
  )
  await deleteTold(
    db,
    due.filter((row, index) => told[index]?.status === 'fulfilled' && isBroadcast(row)),
  )
  const failures = told.filter((outcome) => outcome.status === 'rejected')
  if (failures.length > 0) {
    throw new AggregateError(
      failures.map(({ reason }) => reason),
      `${failures.length} of ${due.length} facts of the outbox could not be told`,
    )
  }
  return due.length
}

interface DueRow extends OutboxMessage {
  revision: bigint
}

// The claim commits before anything is told, so that no row is locked while the bus is slow; it
// pushes the row's next turn away, so that a relay that dies here only delays it.
async function claimDue(
  db: Kysely<Tables>,
  { now, limit }: { now: Date; limit: number },
): Promise<DueRow[]> {
  const claimed = await sql<DueRow>`
    update outbox
    set attempts = attempts + 1,
        due_at = ${now}::timestamptz + interval '1 ms' *
          least(${BACKOFF_MAX_MS}::float8, ${BACKOFF_BASE_MS}::float8 * power(2, least(attempts, 30)))
    where (topic, key) in (
      select topic, key from outbox
      where due_at <= ${now} and topic = any(${Object.keys(outboxTopics)})
      order by due_at limit ${limit} for update skip locked
    )
    returning topic, key, payload, revision`.execute(db)
  return claimed.rows
}

const isBroadcast = ({ topic }: DueRow) => outboxTopics[topic] === 'relay'

// By revision: a row written anew since it was claimed tells another fact, and stays.
async function deleteTold(db: Kysely<Tables>, rows: DueRow[]): Promise<void> {
  if (rows.length === 0) return
  await sql`
    delete from outbox using unnest(
      ${rows.map((row) => row.topic)}::text[],
      ${rows.map((row) => row.key)}::text[],
      ${rows.map((row) => row.revision)}::bigint[]
    ) as told (topic, key, revision)
    where outbox.topic = told.topic
      and outbox.key = told.key
      and outbox.revision = told.revision`.execute(db)
}
