import { describe } from 'vitest'

import { catalogStoreContract } from './catalog-store.contract.ts'
import { createMemoryCatalogStore } from './memory-catalog-store.ts'

describe('the catalog in memory', () => {
  catalogStoreContract(async () => createMemoryCatalogStore())
})
