import { describe } from 'vitest'

import { claimStoreContract } from './claim-store.contract.ts'
import { listStoreContract } from './list-store.contract.ts'
import { createMemoryJobStore } from './memory-job-store.ts'
import { submitStoreContract } from './submit-store.contract.ts'
import { backgroundStoreContract } from './background-store.contract.ts'

describe('the memory job store', () => {
  const make = async () => {
    const store = createMemoryJobStore()
    return { store, outbox: async () => store.outbox() }
  }
  submitStoreContract(make)
  listStoreContract(make)
  claimStoreContract(make)
  backgroundStoreContract(make)
})
