import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import { personColumns, toPerson } from './identity-rows.ts'
import type { StoredPerson } from './identity-store.ts'
import type { PeopleQuery } from './people-query.ts'

/** Ids sort by time, so the primary key is the order. */
export async function listPeople(
  db: Kysely<Tables>,
  { q, role, state, before, limit }: PeopleQuery,
): Promise<StoredPerson[]> {
  const rows = await db
    .selectFrom('users')
    .select(personColumns)
    // strpos knows no wildcards: what was typed is what is looked for.
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
  return rows.map(toPerson)
}
