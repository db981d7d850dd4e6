import { describe } from 'vitest'

import { memoryRequestLogStore } from './memory-request-log-store.ts'
import { requestLogStoreContract } from './request-log-store.contract.ts'

describe('the memory request log', () => {
  requestLogStoreContract(async () => memoryRequestLogStore())
})
