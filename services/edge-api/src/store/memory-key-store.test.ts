import { keyStoreContract } from './key-store.contract.ts'
import { memoryIdentityStore } from './memory-identity-store.ts'
import { memoryKeyStore } from './memory-key-store.ts'
import { userApiKeyRepositoryContract } from './user-api-key-repository.contract.ts'

keyStoreContract(async () => {
  const store = memoryKeyStore()
  return { store, identity: memoryIdentityStore(store), outbox: async () => store.publishedKeys }
})

userApiKeyRepositoryContract(async () => {
  const store = memoryKeyStore()
  return { store, outbox: async () => store.publishedKeys }
})
