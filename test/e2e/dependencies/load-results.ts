/** The results of a load, as seen by the callers. */
export interface Load {
  /** Request ids of the chats that were answered with 200. */
  delivered: string[]
  /** Statuses of failed chats; 0 for a connection that was refused or broken. */
  failed: number[]
  /** Statuses of image requests that were refused; 0 for a broken connection. */
  refused: number[]
  /** Ids of the image tasks that answers named. */
  tasks: string[]
  /** Ids of the tasks whose picture a caller received. */
  generated: string[]
}

export const emptyLoad = (): Load => ({
  delivered: [],
  failed: [],
  refused: [],
  tasks: [],
  generated: [],
})
