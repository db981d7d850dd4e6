import { mapDatabaseUnavailable } from '@sluice/db/database-unavailable'
import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'

import type { RevisionStore, Revisions } from './revision-store.ts'

export function kyselyRevisionStore({ db }: { db: Kysely<Tables> }): RevisionStore {
  return {
    readRevisions: () => mapDatabaseUnavailable(() => readRevisions(db)),
    listChangedKeys: ({ since, limit }) =>
      mapDatabaseUnavailable(async () => {
        const rows = await db
          .selectFrom('api_keys')
          .select(['id', 'revision'])
          .where('revision', '>', BigInt(since))
          .orderBy('revision', 'desc')
          .limit(limit)
          .execute()
        return rows.map(({ id, revision }) => ({ id, revision: Number(revision) }))
      }),
  }
}

async function readRevisions(db: Kysely<Tables>): Promise<Revisions> {
  const rows = await db.selectFrom('revisions').selectAll().execute()
  const of = (name: string) => Number(rows.find((row) => row.name === name)?.revision ?? 0n)
  return { catalog: of('catalog'), prices: of('prices'), apiKeys: of('api-keys') }
}
