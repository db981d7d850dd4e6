/** Revisions of what an edge keeps in memory. Each grows with every change, in the order of commits. */
export interface Revisions {
  /** The scheduler's version of the catalog. */
  catalog: number
  prices: number
  apiKeys: number
}

/** Reads what was committed, whatever became of its announcement. Rejects with `unavailable`. */
export interface RevisionStore {
  readRevisions(): Promise<Revisions>
  /** Ids of the keys that changed after the revision `since`, the newest first, `limit` at most. */
  listChangedKeys(query: {
    since: number
    limit: number
  }): Promise<readonly { id: string; revision: number }[]>
}
