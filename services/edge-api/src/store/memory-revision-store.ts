import type { MemoryKeyStore } from './memory-key-store.ts'
import type { RevisionStore } from './revision-store.ts'

/** In-memory implementation for tests: every published key change is a revision. */
export function memoryRevisionStore({
  publishedKeys,
}: Pick<MemoryKeyStore, 'publishedKeys'>): RevisionStore {
  return {
    readRevisions: async () => ({ catalog: 0, prices: 0, apiKeys: publishedKeys.length }),
    listChangedKeys: async ({ since, limit }) =>
      publishedKeys
        .map((id, index) => ({ id, revision: index + 1 }))
        .filter(({ revision }) => revision > since)
        .toReversed()
        .slice(0, limit),
  }
}
