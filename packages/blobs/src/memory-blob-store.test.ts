import { describe } from 'vitest'

import { blobStoreContract } from './blob-store.contract.ts'
import { createMemoryBlobStore } from './memory-blob-store.ts'

describe('the memory blob store', () => {
  blobStoreContract(async ({ clock }) => createMemoryBlobStore({ clock }))
})
