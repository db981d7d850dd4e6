/** One row for each kind of thing that processes keep in memory: `catalog`, `prices`, `api-keys`. */
export interface RevisionsTable {
  name: string
  /** Raised by triggers, in the transaction of each change and in the order of commits. */
  revision: bigint
}

export interface RevisionsTables {
  revisions: RevisionsTable
}
