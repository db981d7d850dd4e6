/** The right to use one place of a credential until a time. */
export interface PoolLease {
  leaseId: string
  channelId: string
  credentialId: string
  holder: string
  /** Grows with every lease of the credential. */
  fence: number
  /** The credential's epoch when it was taken. */
  epoch: number
  expiresAt: Date
  /** It is the one probe of a half-open circuit. */
  probe: boolean
}

/** A credential that may be taken, with what the pool must respect. */
export interface Candidate {
  channelId: string
  credentialId: string
  concurrencyMax: number
  epoch: number
  /** The upstream's name of the model that it would be used for. */
  model: string
}

/**
 * The next fence of a credential: the time in microseconds, or one more than the last where that is
 * not enough. A pool that forgot everything still grows, because time did; `floor` is the highest
 * fence that this scheduler ever saw, for the day on which the pool also lost its clock.
 */
export function nextFence({
  nowMs,
  last,
  floor,
}: {
  nowMs: number
  last: number
  floor: number
}): number {
  return Math.max(Math.floor(nowMs) * 1_000, last + 1, floor + 1)
}

/** A refused taker is told of a freed place; this is for hints that got lost. */
const TAKEN_RETRY_MS = 1_000
const RETRY_MS_MIN = 50
/** Somebody may add a credential meanwhile. */
const RETRY_MS_MAX = 60_000

/** When it is worth coming back: a rest that ends, or a place that may have become free. */
export function comeBackAt({
  nowMs,
  restUntilMs,
  taken,
}: {
  nowMs: number
  /** The first end of a rest; null when nothing rests. */
  restUntilMs: number | null
  /** Some credential only lacks a free place. */
  taken: boolean
}): Date {
  const atMs = Math.min(restUntilMs ?? Infinity, taken ? nowMs + TAKEN_RETRY_MS : Infinity)
  return new Date(Math.min(Math.max(atMs, nowMs + RETRY_MS_MIN), nowMs + RETRY_MS_MAX))
}
