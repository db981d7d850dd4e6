import { mapDatabaseUnavailable } from '@sluice/db/database-unavailable'
import type { Tables } from '@sluice/db/tables'
import { withTransaction } from '@sluice/db/with-transaction'
import type { Kysely } from 'kysely'

import { insertKeyRow, enqueueKeyChanged } from './key-rows.ts'
import type { KeyStore, NewPanelKey } from './key-store.ts'
import { kyselyUserApiKeys } from './kysely-user-api-keys.ts'
import type { NewKey } from './user-api-key-repository.ts'

export function kyselyKeyStore({ db }: { db: Kysely<Tables> }): KeyStore {
  return {
    ...kyselyUserApiKeys(db),
    findByHash: (hash) => mapDatabaseUnavailable(() => findByHash(db, hash)),
    insertKey: (key) =>
      mapDatabaseUnavailable(() => withTransaction(db, (trx) => insertKey(trx, key))),
    revokeKey: (input) => mapDatabaseUnavailable(() => revokeKey(db, input)),
    ensurePanelKey: (key) => mapDatabaseUnavailable(() => ensurePanelKey(db, key)),
  }
}

function findByHash(db: Kysely<Tables>, hash: string) {
  return db
    .selectFrom('api_keys')
    .innerJoin('users', 'users.id', 'api_keys.user_id')
    .select([
      'api_keys.id',
      'api_keys.wallet',
      'models',
      'networks',
      'daily_quota_micro as dailyQuotaMicro',
      'rpm_limit as rpmLimit',
      'expires_at as expiresAt',
      'revoked_at as revokedAt',
      'users.banned_at as ownerBannedAt',
    ])
    .where('key_hash', '=', hash)
    .executeTakeFirst()
}

async function insertKey(db: Kysely<Tables>, key: NewKey) {
  const inserted = await insertKeyRow(db, key)
    .onConflict((conflict) => conflict.column('key_hash').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (inserted) return { id: inserted.id, created: true }
  const { id } = await db
    .selectFrom('api_keys')
    .select('id')
    .where('key_hash', '=', key.hash)
    .executeTakeFirstOrThrow()
  return { id, created: false }
}

function revokeKey(db: Kysely<Tables>, { id, at }: { id: string; at: Date }): Promise<boolean> {
  return withTransaction(db, async (trx) => {
    const revoked = await trx
      .updateTable('api_keys')
      .set({ revoked_at: at })
      .where('id', '=', id)
      .where('kind', '=', 'caller')
      .where('revoked_at', 'is', null)
      .executeTakeFirst()
    if (revoked.numUpdatedRows === 0n) return false
    await enqueueKeyChanged(trx, { apiKeyId: id, at })
    return true
  })
}

async function ensurePanelKey(db: Kysely<Tables>, key: NewPanelKey) {
  const find = () =>
    db
      .selectFrom('api_keys')
      .select(['id', 'wallet'])
      .where('user_id', '=', key.userId)
      .where('kind', '=', 'panel')
  const known = await find().executeTakeFirst()
  if (known) return known
  await db
    .insertInto('api_keys')
    .values({
      id: key.id,
      user_id: key.userId,
      wallet: key.wallet,
      key_hash: key.hash,
      prefix: '',
      name: '',
      rpm_limit: null,
      models: null,
      expires_at: null,
      revoked_at: null,
      created_at: key.createdAt,
      kind: 'panel',
    })
    .onConflict((conflict) => conflict.column('user_id').where('kind', '=', 'panel').doNothing())
    .execute()
  return find().executeTakeFirstOrThrow()
}
