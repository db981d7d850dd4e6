import { writeOutbox } from '@sluice/db/outbox'
import type { Tables } from '@sluice/db/tables'
import type { Kysely, Transaction } from 'kysely'

import type { NewKey } from './user-api-key-repository.ts'

/** The writer publishes the event itself; after this time the relay publishes it again. */
const RELAY_AFTER_MS = 200

/** Writes the outbox row that announces the change to every edge. */
export async function enqueueKeyChanged(
  trx: Transaction<Tables>,
  { apiKeyId, at }: { apiKeyId: string; at: Date },
): Promise<void> {
  const dueAt = new Date(at.getTime() + RELAY_AFTER_MS)
  await writeOutbox(trx, { topic: 'api-key-changed', key: apiKeyId, payload: { apiKeyId }, dueAt })
}

/** Inserts a caller's key. */
export function insertKeyRow(db: Kysely<Tables>, key: NewKey) {
  return db.insertInto('api_keys').values({
    id: key.id,
    user_id: key.userId,
    wallet: key.wallet,
    key_hash: key.hash,
    prefix: key.prefix,
    name: key.name,
    rpm_limit: key.rpmLimit,
    models: key.models,
    expires_at: key.expiresAt,
    revoked_at: null,
    created_at: key.createdAt,
    daily_quota_micro: key.dailyQuotaMicro,
    networks: key.networks,
  })
}
