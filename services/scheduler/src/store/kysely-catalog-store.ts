import { mapDatabaseUnavailable } from '@sluice/db/database-unavailable'
import type { Tables } from '@sluice/db/tables'
import { withTransaction } from '@sluice/db/with-transaction'
import type { Kysely, Transaction } from 'kysely'

import type { CatalogStore } from './catalog-store.ts'
import { changeChannel, insertChannel, saveChannel } from './channel-rows.ts'
import { addCredentials, setCredentialState, writeHealth } from './credential-rows.ts'
import { loadCatalog } from './load-catalog.ts'
import { raiseVersion } from './raise-version.ts'

export function createKyselyCatalogStore({ db }: { db: Kysely<Tables> }): CatalogStore {
  const inTransaction = <Result>(work: (trx: Transaction<Tables>) => Promise<Result>) =>
    mapDatabaseUnavailable(() => withTransaction(db, work))
  return {
    load: () => mapDatabaseUnavailable(() => loadCatalog(db)),
    readVersion: () => mapDatabaseUnavailable(() => readVersion(db)),
    countRetired: () => mapDatabaseUnavailable(() => countRetired(db)),
    saveChannel: ({ channel, at }) =>
      inTransaction(async (trx) => {
        const channelId = await saveChannel(trx, { channel, at })
        await raiseVersion(trx, at)
        return { channelId }
      }),
    insertChannel: (input) => inTransaction((trx) => insertChannel(trx, input)),
    changeChannel: (input) => inTransaction((trx) => changeChannel(trx, input)),
    addCredentials: (input) =>
      inTransaction(async (trx) => {
        const result = await addCredentials(trx, input)
        if (result.added > 0) await raiseVersion(trx, input.at)
        return result
      }),
    setCredentialState: (input) => inTransaction((trx) => setCredentialState(trx, input)),
    writeHealth: (input) => inTransaction((trx) => writeHealth(trx, input)),
  }
}

async function countRetired(db: Kysely<Tables>): Promise<number> {
  const { retired } = await db
    .selectFrom('credentials')
    .select(({ fn }) => fn.countAll<bigint>().as('retired'))
    .where('state', '=', 'retired')
    .executeTakeFirstOrThrow()
  return Number(retired)
}

async function readVersion(db: Kysely<Tables>): Promise<number> {
  const row = await db.selectFrom('catalog_version').select('version').executeTakeFirstOrThrow()
  return row.version
}
