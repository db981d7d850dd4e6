/** An edge's request for a slice: a part of a key's limit, to be spent within a short time. */
export interface TakeInput {
  /** The API key's id. */
  key: string
  /** Requests in any 60 seconds. */
  limit: number
  /** The requested number; fewer may be granted. */
  want: number
  /** How long after the call the granted requests may still be spent. */
  spendWithinMs: number
}

export interface Taken {
  /** 0 when the limit is reached. */
  granted: number
  /** The second in which the grant is counted; for `refund`. */
  bucket: number
  /** The time until more may be granted; 0 when something was granted. */
  retryAfterMs: number
}

/**
 * The rate limits that all edges share. Its grants never exceed the limit for any 60 seconds, whenever within
 * their time they are spent. Rejects when the store is unavailable, after a wait too short for a caller to
 * notice.
 */
export interface RateStore {
  take(input: TakeInput): Promise<Taken>
  /**
   * Returns requests that were not spent. Never rejects; if the call is lost, the limit is slightly stricter.
   */
  refund(input: { key: string; bucket: number; count: number }): Promise<void>
  /** True while all edges share the limits; false while each grants its own share of them. */
  shared(): boolean
}
