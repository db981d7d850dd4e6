/**
 * The transactional outbox: messages to publish, written in the transaction of the change they announce.
 *
 * Usually the writer publishes the message itself right after its commit; the row ensures that it is
 * published again if that message was lost. The consumer of a `consumer` topic deletes the row in the
 * transaction that handles the message; the row of a `relay` topic (a broadcast) is deleted once published.
 * While the bus is unavailable, rows remain and `relayOutbox` retries with increasing delays.
 */
import type { Clock } from '@sluice/kernel/clock'
import type { Kysely, Transaction } from 'kysely'
import { sql } from 'kysely'

import type { Tables } from './tables.ts'

/** Topic → which side deletes its row. */
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
  /** The subject of the message; a later message with the same topic and key replaces the earlier one. */
  key: string
  /** In wire form: JSON without bigint or Date. */
  payload: unknown
}

const BACKOFF_BASE_MS = 1_000
const BACKOFF_MAX_MS = 60_000

/** Writes a message for the relay. `dueAt` leaves the writer time to publish it first. */
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

/** Deletes the row of a message that `trx` handles. True if the row existed. */
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

/** The same for many messages of one topic, in one statement. */
export async function clearOutboxAll(
  trx: Transaction<Tables>,
  { topic, keys }: { topic: OutboxTopic; keys: readonly string[] },
): Promise<void> {
  if (keys.length === 0) return
  await trx.deleteFrom('outbox').where('topic', '=', topic).where('key', 'in', keys).execute()
}

/**
 * Publishes due messages, at most `limit`, each at least once. Relays may run concurrently. Returns the
 * number published; throws an AggregateError when some failed (their rows remain and become due again).
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
  const outcomes = await Promise.allSettled(
    due.map(async ({ topic, key, payload }) => publish({ topic, key, payload })),
  )
  await deletePublished(
    db,
    due.filter((row, index) => outcomes[index]?.status === 'fulfilled' && isBroadcast(row)),
  )
  const failures = outcomes.filter((outcome) => outcome.status === 'rejected')
  if (failures.length > 0) {
    throw new AggregateError(
      failures.map(({ reason }) => reason),
      `${failures.length} of ${due.length} outbox messages could not be published`,
    )
  }
  return due.length
}

interface DueRow extends OutboxMessage {
  revision: bigint
}

// The claim commits before publishing, so no row stays locked while the bus is slow. It also sets the next
// due time, so a relay that crashes here only delays the messages.
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

// By revision: a row replaced since it was claimed holds another message and remains.
async function deletePublished(db: Kysely<Tables>, rows: DueRow[]): Promise<void> {
  if (rows.length === 0) return
  await sql`
    delete from outbox using unnest(
      ${rows.map((row) => row.topic)}::text[],
      ${rows.map((row) => row.key)}::text[],
      ${rows.map((row) => row.revision)}::bigint[]
    ) as published (topic, key, revision)
    where outbox.topic = published.topic
      and outbox.key = published.key
      and outbox.revision = published.revision`.execute(db)
}
