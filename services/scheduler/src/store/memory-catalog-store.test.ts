import { describe } from 'vitest'

import { catalogStoreContract } from './catalog-store.contract.ts'
import { channelChangesContract } from './channel-changes.contract.ts'
import { createMemoryCatalogStore } from './memory-catalog-store.ts'

describe('the catalog in memory', () => {
  catalogStoreContract(async () => createMemoryCatalogStore())
  channelChangesContract(async () => createMemoryCatalogStore())
})
