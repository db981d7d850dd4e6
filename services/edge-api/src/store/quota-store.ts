/** A part of a key's quota of one day that a request or an image job may spend. */
export interface QuotaReservation {
  /** The id of the request or image job: the same ref is the same reservation. */
  ref: string
  apiKeyId: string
  /** In UTC, `2026-11-21`. */
  day: string
  /** The maximum cost. */
  amountMicro: bigint
  at: Date
}

export type QuotaAnswer =
  | { outcome: 'reserved' }
  /** It was already reserved, and may have been settled since. */
  | { outcome: 'known' }
  /** `usedMicro`: spent plus reserved. */
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
 * Daily quotas of API keys. The spent and reserved amounts of a day never exceed the quota that the key had
 * at the last reservation. Rejects with `unavailable` when the database is unavailable.
 */
export interface QuotaStore {
  /** Checks against the quota currently in the key's row; a key without a quota is never refused. */
  reserve(reservation: QuotaReservation): Promise<QuotaAnswer>
  /**
   * Ends reservations: `spentMicro` of each is spent, the rest is freed. Reservations that are not open are
   * skipped, so a repeat is safe.
   */
  settle(input: { settlements: readonly QuotaSettlement[]; at: Date }): Promise<void>
  /** The spent plus reserved amount of a day, by key; keys without any are omitted. */
  readUsed(input: {
    apiKeyIds: readonly string[]
    day: string
  }): Promise<ReadonlyMap<string, bigint>>
  /** Open reservations ordered by ref, starting after `after`. */
  listOpen(input: {
    openedBefore: Date
    after?: string | undefined
    limit: number
  }): Promise<OpenReservation[]>
  /** Deletes reservations settled before a time, and days before a day that have no open reservation. */
  prune(input: { settledBefore: Date; dayBefore: string; limit: number }): Promise<number>
}
