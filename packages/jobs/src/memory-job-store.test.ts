import { describe } from 'vitest'

import { jobStoreContract } from './job-store.contract.ts'
import { createMemoryJobStore } from './memory-job-store.ts'

describe('the memory job store', () => {
  jobStoreContract(async () => {
    const store = createMemoryJobStore()
    return { store, outbox: async () => store.outbox() }
  })
})
