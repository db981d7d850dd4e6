import { memoryIdentityStore } from './memory-identity-store.ts'
import { memoryKeyStore } from './memory-key-store.ts'
import { memoryRevisionStore } from './memory-revision-store.ts'
import { revisionStoreContract } from './revision-store.contract.ts'

revisionStoreContract(async () => {
  const keys = memoryKeyStore()
  return { store: memoryRevisionStore(keys), keys, identity: memoryIdentityStore(keys) }
})
