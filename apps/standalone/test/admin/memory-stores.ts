import {
  sampleImagePrice,
  samplePrice,
  sampleTokenPrice,
} from '@sluice/contracts/testing/sample-price'
import { memoryLedgerStore } from '@sluice/billing/store/memory-ledger-store'
import { memoryIdentityStore } from '@sluice/edge-api/store/memory-identity-store'
import { createMemoryCatalogStore } from '@sluice/scheduler/store/memory-catalog-store'

import type { InstallationStores } from './installation.ts'

/** The prices of a new database. */
const prices = [
  samplePrice({
    id: 'price_00000000000000000000000000000001',
    price: sampleTokenPrice({
      inputMicroPerMillion: 1_000_000n,
      cachedInputMicroPerMillion: 500_000n,
      outputMicroPerMillion: 4_000_000n,
    }),
  }),
  samplePrice({
    id: 'price_00000000000000000000000000000002',
    price: sampleImagePrice({
      quality: 'high',
      pixelsMax: 100_000_000,
      microPerImage: 16_000_000n,
    }),
  }),
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
