import type { MemoryKeyStore } from './memory-key-store.ts'
import type { RevisionStore } from './revision-store.ts'

/** The in-memory implementation for tests: every change of a key that the twin notes is a revision. */
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
