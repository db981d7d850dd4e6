/** What an edge asks for: a part of a caller's requests, to be spent within a short time. */
export interface TakeInput {
  /** Whose limit: the API key's id. */
  key: string
  /** Requests in any 60 seconds. */
  limit: number
  /** How many are wanted; fewer may be granted. */
  want: number
  /** How long after the call the granted ones may still be spent. */
  spendWithinMs: number
}

export interface Taken {
  /** 0 when the limit is reached. */
  granted: number
  /** Names the second that the grant is counted in; for `giveBack`. */
  bucket: number
  /** How long until more may be granted; 0 when something was. */
  retryAfterMs: number
}

/**
 * Where all edges share the limits of callers. What it grants never adds up to more than the limit
 * among requests that are made in any 60 seconds, whenever within their time they are spent.
 * Rejects when it is away; it never waits longer than a caller would notice.
 */
export interface RateStore {
  take(input: TakeInput): Promise<Taken>
  /** Returns what was not spent in its time. Never rejects; when it is lost the limit is a little tighter. */
  giveBack(input: { key: string; bucket: number; count: number }): Promise<void>
  /** True while limits are shared by all edges; false while each grants its own part of them. */
  shared(): boolean
}
