/** What callers saw of a load. */
export interface Load {
  /** Request ids of the chats that were answered with 200. */
  delivered: string[]
  /** Statuses of the others; 0 for a connection that was refused or broke. */
  failed: number[]
  /** Statuses of image requests that were not accepted, or whose answer broke. */
  refused: number[]
  /** Ids of the image tasks that callers were told of. */
  tasks: string[]
  /** Those of them whose picture a caller has got. */
  drawn: string[]
}

export const emptyLoad = (): Load => ({
  delivered: [],
  failed: [],
  refused: [],
  tasks: [],
  drawn: [],
})
