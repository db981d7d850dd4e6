import { mapDatabaseUnavailable } from '@sluice/db/database-unavailable'
import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'

import type { KeyOwner, KeyOwnerStore } from './key-owner-store.ts'

export function kyselyKeyOwnerStore({ db }: { db: Kysely<Tables> }): KeyOwnerStore {
  return {
    findOwners: (apiKeyIds) => mapDatabaseUnavailable(() => findOwners(db, apiKeyIds)),
    walletOf: (userId) =>
      mapDatabaseUnavailable(async () => {
        const users = db.selectFrom('users').select('wallet').where('id', '=', userId)
        return (await users.executeTakeFirst())?.wallet
      }),
  }
}

async function findOwners(
  db: Kysely<Tables>,
  apiKeyIds: readonly string[],
): Promise<Map<string, KeyOwner>> {
  if (apiKeyIds.length === 0) return new Map()
  const rows = await db
    .selectFrom('api_keys')
    .innerJoin('users', 'users.id', 'api_keys.user_id')
    .select(['api_keys.id', 'name', 'prefix', 'kind', 'user_id', 'email'])
    .where('api_keys.id', 'in', [...new Set(apiKeyIds)])
    .execute()
  return new Map(
    rows.map(({ id, name, prefix, kind, user_id, email }) => [
      id,
      { apiKeyId: id, name, prefix, isPanelKey: kind === 'panel', user: { id: user_id, email } },
    ]),
  )
}
