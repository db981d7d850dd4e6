/** The name of an intention: who, where, and the caller's Idempotency-Key. */
export interface AnswerName {
  apiKeyId: string
  route: string
  key: string
}

/** An answer as it was sent, for those who ask again. */
export interface StoredAnswer {
  status: number
  contentType: string
  /** Null when it was larger than what is kept. */
  body: Uint8Array | null
  /** The id of the request that made it. */
  requestId: string
}

export type ClaimResult =
  /** The request is ours to run. */
  | { outcome: 'claimed' }
  /** Somebody runs it, or did until lately. */
  | { outcome: 'running' }
  | { outcome: 'answered'; answer: StoredAnswer }
  /** The same key came with another body before. */
  | { outcome: 'conflict' }

/** Answers by Idempotency-Key, kept for a day. Rejects with `unavailable` when the database is away. */
export interface AnswerStore {
  /** Takes the intention for `holder` until `leaseUntil`, unless it is taken or answered. */
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
  /** Moves the leases of what these holders run. */
  renew(input: { holders: readonly string[]; leaseUntil: Date }): Promise<void>
  /** Keeps the answer. False when the claim was lost to somebody else. */
  keep(input: AnswerName & { holder: string; answer: StoredAnswer }): Promise<boolean>
  /** Frees the intention: nothing was delivered, so the next repeat runs anew. */
  release(input: AnswerName & { holder: string }): Promise<void>
  /** Removes at most `limit` answers past their time; answers how many. */
  prune(input: { now: Date; limit: number }): Promise<number>
}
