/** Revisions of the data that an edge caches. Each grows with every change, in the order of commits. */
export interface Revisions {
  /** The scheduler's version of the catalog. */
  catalog: number
  prices: number
  apiKeys: number
}

/** Reads committed revisions, whether or not their events were published. Rejects with `unavailable`. */
export interface RevisionStore {
  readRevisions(): Promise<Revisions>
  /** Ids of keys that changed after the revision `since`, newest first; at most `limit`. */
  listChangedKeys(query: {
    since: number
    limit: number
  }): Promise<readonly { id: string; revision: number }[]>
}
