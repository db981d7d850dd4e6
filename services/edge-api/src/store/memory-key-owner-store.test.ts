import { keyOwnerStoreContract } from './key-owner-store.contract.ts'
import { memoryKeyOwnerStore } from './memory-key-owner-store.ts'

keyOwnerStoreContract(async (seeds) => memoryKeyOwnerStore(seeds))
