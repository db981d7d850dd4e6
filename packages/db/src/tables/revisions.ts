/** One row for each kind of data that processes cache in memory: `catalog`, `prices`, `api-keys`. */
export interface RevisionsTable {
  name: string
  /** Incremented by triggers, in the transaction of each change and in commit order. */
  revision: bigint
}

export interface RevisionsTables {
  revisions: RevisionsTable
}
