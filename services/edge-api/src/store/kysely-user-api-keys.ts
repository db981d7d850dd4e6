import { mapDatabaseUnavailable } from '@sluice/db/database-unavailable'
import type { Tables } from '@sluice/db/tables'
import type { ApiKeysTable } from '@sluice/db/tables/edge'
import { withTransaction } from '@sluice/db/with-transaction'
import { mapPatch } from '@sluice/kernel/map-patch'
import type { Kysely, Updateable } from 'kysely'
import { sql } from 'kysely'

import { insertKeyRow, enqueueKeyChanged } from './key-rows.ts'
import type {
  KeyChanges,
  NewKey,
  OwnedKeyRef,
  UserApiKeyRepository,
} from './user-api-key-repository.ts'

/** The part of the key store that users' own requests use. */
export function kyselyUserApiKeys(db: Kysely<Tables>): UserApiKeyRepository {
  return {
    listKeys: ({ userId, before, limit }) =>
      mapDatabaseUnavailable(() =>
        userKeys(db)
          .where('user_id', '=', userId)
          .$if(before !== undefined, (query) => query.where('id', '<', before ?? ''))
          .orderBy('id', 'desc')
          .limit(limit)
          .execute(),
      ),
    findKey: (ref) => mapDatabaseUnavailable(() => findKey(db, ref)),
    insertIfUnderLimit: (key, limit) =>
      mapDatabaseUnavailable(() => insertIfUnderLimit(db, key, limit)),
    editKey: (ref, input) => mapDatabaseUnavailable(() => editKey(db, ref, input)),
    revokeOwnKey: (ref, input) => mapDatabaseUnavailable(() => revokeOwnKey(db, ref, input)),
    touchLastUsed: (uses) => mapDatabaseUnavailable(() => touchLastUsed(db, uses)),
  }
}

const keyColumns = [
  'id',
  'name',
  'prefix',
  'rpm_limit as rpmLimit',
  'daily_quota_micro as dailyQuotaMicro',
  'models',
  'networks',
  'expires_at as expiresAt',
  'created_at as createdAt',
  'last_used_at as lastUsedAt',
  'revoked_at as revokedAt',
] as const

const userKeys = (db: Kysely<Tables>) =>
  db.selectFrom('api_keys').select(keyColumns).where('kind', '=', 'caller')

const findKey = (db: Kysely<Tables>, { userId, id }: OwnedKeyRef) =>
  userKeys(db).where('user_id', '=', userId).where('id', '=', id).executeTakeFirst()

async function insertIfUnderLimit(
  db: Kysely<Tables>,
  key: NewKey,
  { liveMax }: { liveMax: number },
): Promise<boolean> {
  return withTransaction(db, async (trx) => {
    // Concurrent inserts for the same user wait here, so that each counts the others' keys.
    await trx
      .selectFrom('users')
      .select('id')
      .where('id', '=', key.userId)
      .forNoKeyUpdate()
      .executeTakeFirstOrThrow()
    const { live } = await trx
      .selectFrom('api_keys')
      .select(({ fn }) => fn.countAll<bigint>().as('live'))
      .where('user_id', '=', key.userId)
      .where('kind', '=', 'caller')
      .where('revoked_at', 'is', null)
      .executeTakeFirstOrThrow()
    if (live >= BigInt(liveMax)) return false
    await insertKeyRow(trx, key).execute()
    return true
  })
}

async function editKey(
  db: Kysely<Tables>,
  { userId, id }: OwnedKeyRef,
  { changes, at }: { changes: KeyChanges; at: Date },
) {
  const row = rowOf(changes)
  return withTransaction(db, async (trx) => {
    if (Object.keys(row).length > 0) {
      const edited = await trx
        .updateTable('api_keys')
        .set(row)
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .where('kind', '=', 'caller')
        .where('revoked_at', 'is', null)
        .returning(keyColumns)
        .executeTakeFirst()
      if (edited) {
        await enqueueKeyChanged(trx, { apiKeyId: id, at })
        return edited
      }
    }
    const found = await findKey(trx, { userId, id })
    return found?.revokedAt ? 'revoked' : found
  })
}

function rowOf(changes: KeyChanges): Updateable<ApiKeysTable> {
  return mapPatch<KeyChanges, Updateable<ApiKeysTable>>(changes, {
    name: (name) => ({ name }),
    rpmLimit: (limit) => ({ rpm_limit: limit }),
    dailyQuotaMicro: (quotaMicro) => ({ daily_quota_micro: quotaMicro }),
    models: (models) => ({ models }),
    networks: (networks) => ({ networks }),
    expiresAt: (expiresAt) => ({ expires_at: expiresAt }),
  })
}

async function revokeOwnKey(db: Kysely<Tables>, ref: OwnedKeyRef, { at }: { at: Date }) {
  return withTransaction(db, async (trx) => {
    const revoked = await trx
      .updateTable('api_keys')
      .set({ revoked_at: at })
      .where('user_id', '=', ref.userId)
      .where('id', '=', ref.id)
      .where('kind', '=', 'caller')
      .where('revoked_at', 'is', null)
      .executeTakeFirst()
    if (revoked.numUpdatedRows > 0n) {
      await enqueueKeyChanged(trx, { apiKeyId: ref.id, at })
      return 'revoked'
    }
    return (await findKey(trx, ref)) ? 'known' : undefined
  })
}

async function touchLastUsed(
  db: Kysely<Tables>,
  uses: readonly { apiKeyId: string; at: Date }[],
): Promise<void> {
  if (uses.length === 0) return
  // Locks rows in order of ids, so that two edges cannot deadlock.
  await sql`
    with used as materialized (
      select k.id, max(u.at) as at
      from unnest(
        ${uses.map(({ apiKeyId }) => apiKeyId)}::text[],
        ${uses.map(({ at }) => at)}::timestamptz[]
      ) as u (id, at)
      join api_keys k on k.id = u.id
      group by k.id
    ),
    locked as materialized (
      select k.id from api_keys k join used on used.id = k.id
      where k.last_used_at is null or k.last_used_at < used.at - interval '1 minute'
      order by k.id for no key update of k
    )
    update api_keys k set last_used_at = used.at
    from used, locked
    where k.id = used.id and k.id = locked.id`.execute(db)
}
