import { kyselyLedgerStore } from '@sluice/billing/store/kysely-ledger-store'
import { kyselyIdentityStore } from '@sluice/edge-api/store/kysely-identity-store'
import { createKyselyCatalogStore } from '@sluice/scheduler/store/kysely-catalog-store'
import { testDatabase } from '@sluice/testkit/databases'

import type { InstallationStores } from './installation.ts'

/** The stores over one migrated database of the test's own. */
export async function databaseStores(): Promise<InstallationStores> {
  const database = await testDatabase({ poolMax: 20 })
  const { db } = database
  return {
    ledger: kyselyLedgerStore({
      db,
      jobs: {
        readEndedJob: async () => undefined,
        isJobRunning: async () => false,
        findJobs: async () => [],
      },
    }),
    catalog: createKyselyCatalogStore({ db }),
    identity: kyselyIdentityStore({ db }),
    close: () => database.close(),
  }
}
