import { mapDatabaseUnavailable } from '@sluice/db/database-unavailable'
import type { Tables } from '@sluice/db/tables'
import { withTransaction } from '@sluice/db/with-transaction'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import type { AnswerName, AnswerStore, ClaimResult } from './answer-store.ts'

type ClaimInput = Parameters<AnswerStore['claim']>[0]

export function kyselyAnswerStore({ db }: { db: Kysely<Tables> }): AnswerStore {
  return {
    // A single statement, but in a transaction: only then is the deadline checked at the commit, so that a
    // rejected caller holds no claim.
    claim: (input) => mapDatabaseUnavailable(() => withTransaction(db, (trx) => claim(trx, input))),
    renew: (input) => mapDatabaseUnavailable(() => renew(db, input)),
    saveAnswer: (input) => mapDatabaseUnavailable(() => saveAnswer(db, input)),
    release: (input) =>
      mapDatabaseUnavailable(async () => {
        await whereRunning(db.deleteFrom('idempotency_answers'), input).execute()
      }),
    async prune({ now, limit }) {
      const pruned = await sql`
        delete from idempotency_answers where (api_key_id, route, key) in (
          select api_key_id, route, key from idempotency_answers
          where expires_at <= ${now} limit ${limit} for update skip locked)`.execute(db)
      return Number(pruned.numAffectedRows ?? 0n)
    },
  }
}

async function renew(
  db: Kysely<Tables>,
  { holders, leaseUntil }: Parameters<AnswerStore['renew']>[0],
): Promise<void> {
  if (holders.length === 0) return
  await db
    .updateTable('idempotency_answers')
    .set({ lease_until: leaseUntil })
    .where('holder', 'in', holders)
    .where('state', '=', 'running')
    .execute()
}

async function saveAnswer(db: Kysely<Tables>, input: Parameters<AnswerStore['saveAnswer']>[0]) {
  const { status, contentType, requestId, body } = input.answer
  const updated = await whereRunning(db.updateTable('idempotency_answers'), input)
    .set({ state: 'done', status, content_type: contentType, request_id: requestId, body })
    .executeTakeFirst()
  return updated.numUpdatedRows > 0n
}

// The claim is one statement: an insert that takes over an expired row, or the claim of a dead edge.
async function claim(db: Kysely<Tables>, input: ClaimInput): Promise<ClaimResult> {
  const { apiKeyId, route, key, bodyHash, holder, now, leaseUntil, expiresAt } = input
  const taken = await sql<{ holder: string }>`
    insert into idempotency_answers as answer
      (api_key_id, route, key, body_hash, state, holder, lease_until, expires_at, created_at)
    values (${apiKeyId}, ${route}, ${key}, ${bodyHash}, 'running', ${holder}, ${leaseUntil},
      ${expiresAt}, ${now})
    on conflict (api_key_id, route, key) do update
    set body_hash = excluded.body_hash, state = 'running', holder = excluded.holder,
      lease_until = excluded.lease_until, expires_at = excluded.expires_at,
      created_at = excluded.created_at, status = null, content_type = null, request_id = null,
      body = null
    where answer.expires_at <= ${now}
      or (answer.state = 'running' and answer.lease_until <= ${now}
        and answer.body_hash = excluded.body_hash)
    returning holder`.execute(db)
  return taken.rows.length > 0 ? { outcome: 'claimed' } : readClaim(db, input)
}

async function readClaim(db: Kysely<Tables>, input: ClaimInput): Promise<ClaimResult> {
  const row = await db
    .selectFrom('idempotency_answers')
    .select(['body_hash', 'state', 'status', 'content_type', 'request_id', 'body'])
    .where('api_key_id', '=', input.apiKeyId)
    .where('route', '=', input.route)
    .where('key', '=', input.key)
    .executeTakeFirst()
  // Released in the meantime: the next repeat will claim it.
  if (!row) return { outcome: 'running' }
  if (row.body_hash !== input.bodyHash) return { outcome: 'conflict' }
  if (row.state === 'running' || row.status === null) return { outcome: 'running' }
  const { status, content_type: contentType, request_id: requestId, body } = row
  return {
    outcome: 'answered',
    answer: { status, contentType: contentType ?? '', requestId: requestId ?? '', body },
  }
}

interface Filterable<Self> {
  where(
    column: 'api_key_id' | 'route' | 'key' | 'holder' | 'state',
    operator: '=',
    value: string,
  ): Self
}

/** Restricts the query to the holder's running claim. */
function whereRunning<Query extends Filterable<Query>>(
  query: Query,
  { apiKeyId, route, key, holder }: AnswerName & { holder: string },
): Query {
  return query
    .where('api_key_id', '=', apiKeyId)
    .where('route', '=', route)
    .where('key', '=', key)
    .where('holder', '=', holder)
    .where('state', '=', 'running')
}
