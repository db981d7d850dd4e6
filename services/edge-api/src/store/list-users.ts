import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import { userColumns, toUser } from './identity-rows.ts'
import type { StoredUser } from './identity-store.ts'
import type { UsersQuery } from './users-query.ts'

/** Ids sort by creation time, so the primary key gives the order. */
export async function listUserRows(
  db: Kysely<Tables>,
  { q, role, state, before, limit }: UsersQuery,
): Promise<StoredUser[]> {
  const rows = await db
    .selectFrom('users')
    .select(userColumns)
    // strpos has no wildcards: the text is matched literally.
    .$if(q !== undefined, (query) =>
      query.where(sql<boolean>`(users.id = ${q} or strpos(users.email, ${q?.toLowerCase()}) > 0)`),
    )
    .$if(role !== undefined, (query) => query.where('users.role', '=', role ?? 'user'))
    .$if(state === 'active', (query) => query.where('users.banned_at', 'is', null))
    .$if(state === 'banned', (query) => query.where('users.banned_at', 'is not', null))
    .$if(before !== undefined, (query) => query.where('users.id', '<', before ?? ''))
    .orderBy('users.id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(toUser)
}
