import type { PriceRow } from '@sluice/contracts/prices'
import { memoryLedgerStore } from '@sluice/billing/store/memory-ledger-store'
import { memoryIdentityStore } from '@sluice/edge-api/store/memory-identity-store'
import { createMemoryCatalogStore } from '@sluice/scheduler/store/memory-catalog-store'

import type { InstallationStores } from './installation.ts'

const effectiveAt = new Date(0)

/** The prices of a new database. */
const prices: PriceRow[] = [
  {
    id: 'price_00000000000000000000000000000001',
    model: '*',
    effectiveAt,
    price: {
      kind: 'tokens',
      inputMicroPerMillion: 1_000_000n,
      cachedInputMicroPerMillion: 500_000n,
      outputMicroPerMillion: 4_000_000n,
    },
  },
  {
    id: 'price_00000000000000000000000000000002',
    model: '*',
    effectiveAt,
    price: {
      kind: 'images',
      steps: [{ quality: 'high', pixelsMax: 100_000_000, microPerImage: 16_000_000n }],
    },
  },
]

export async function memoryStores(): Promise<InstallationStores> {
  return {
    ledger: memoryLedgerStore({
      prices,
      jobs: {
        readEndedJob: async () => undefined,
        isJobRunning: async () => false,
        hasJob: async () => false,
      },
    }),
    catalog: createMemoryCatalogStore(),
    identity: memoryIdentityStore(),
    close: async () => {},
  }
}
