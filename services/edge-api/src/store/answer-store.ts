/** Identifies an idempotent request: API key, route, and the caller's Idempotency-Key. */
export interface AnswerName {
  apiKeyId: string
  route: string
  key: string
}

/** The response as it was sent, for repeats of the request. */
export interface StoredAnswer {
  status: number
  contentType: string
  /** Null when it was too large to be stored. */
  body: Uint8Array | null
  /** The id of the request that produced it. */
  requestId: string
}

export type ClaimResult =
  /** The claim belongs to this holder, who must run the request. */
  | { outcome: 'claimed' }
  /** Another holder runs it, or did until recently. */
  | { outcome: 'running' }
  | { outcome: 'answered'; answer: StoredAnswer }
  /** The same key was used with another body. */
  | { outcome: 'conflict' }

/**
 * Answers by Idempotency-Key, stored for a day. Rejects with `unavailable` when the database is unavailable.
 */
export interface AnswerStore {
  /** Claims the key for `holder` until `leaseUntil`, unless it is claimed or answered. */
  claim(
    input: AnswerName & {
      /** SHA-256 of the body, hex. */
      bodyHash: string
      holder: string
      now: Date
      leaseUntil: Date
      expiresAt: Date
    },
  ): Promise<ClaimResult>
  /** Extends the leases of these holders' claims. */
  renew(input: { holders: readonly string[]; leaseUntil: Date }): Promise<void>
  /** Stores the answer. False when another holder has taken over the claim. */
  saveAnswer(input: AnswerName & { holder: string; answer: StoredAnswer }): Promise<boolean>
  /** Deletes the claim: nothing was delivered, so the next repeat runs the request. */
  release(input: AnswerName & { holder: string }): Promise<void>
  /** Removes at most `limit` expired answers; returns how many. */
  prune(input: { now: Date; limit: number }): Promise<number>
}
