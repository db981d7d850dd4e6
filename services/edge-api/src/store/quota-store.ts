/** A part of a key's quota of one day that a request or an image job may spend. */
export interface QuotaReservation {
  /** The request's id, or the image job's: the same again is the same reservation. */
  ref: string
  apiKeyId: string
  /** In UTC, `2026-11-21`. */
  day: string
  /** The most that it may cost. */
  amountMicro: bigint
  at: Date
}

export type QuotaAnswer =
  | { outcome: 'reserved' }
  /** It was reserved before, and may have been settled since. */
  | { outcome: 'known' }
  /** `usedMicro`: what is spent or reserved. */
  | { outcome: 'refused'; quotaMicro: bigint; usedMicro: bigint }

export interface QuotaSettlement {
  ref: string
  spentMicro: bigint
}

export interface OpenReservation {
  ref: string
  openedAt: Date
}

/**
 * Daily quotas of API keys. What is spent and reserved of a day is never more than the quota that the key
 * had at the last reservation, whoever reserves. Rejects with `unavailable` when the database is away.
 */
export interface QuotaStore {
  /** By the quota that stands in the key's row now; a key without one is never refused. */
  reserve(ask: QuotaReservation): Promise<QuotaAnswer>
  /**
   * Ends reservations: so much of each is spent, the rest is free again. Those that are not open are
   * skipped, so it is safe to repeat.
   */
  settle(input: { settlements: readonly QuotaSettlement[]; at: Date }): Promise<void>
  /** What is spent or reserved of a day, by key; keys of which nothing is are left out. */
  readUsed(input: {
    apiKeyIds: readonly string[]
    day: string
  }): Promise<ReadonlyMap<string, bigint>>
  /** Reservations that are open, by their ref, from behind `after` on. */
  listOpen(input: {
    openedBefore: Date
    after?: string | undefined
    limit: number
  }): Promise<OpenReservation[]>
  /** Forgets what was settled before a moment, and days before a day of which nothing is open. */
  prune(input: { settledBefore: Date; dayBefore: string; limit: number }): Promise<number>
}
