import { keyStoreContract } from './key-store.contract.ts'
import { memoryKeyStore } from './memory-key-store.ts'

keyStoreContract(async () => {
  const store = memoryKeyStore()
  return { store, outbox: async () => store.told }
})
