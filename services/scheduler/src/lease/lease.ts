/** The right to use one slot of a credential until a time. */
export interface PoolLease {
  leaseId: string
  channelId: string
  credentialId: string
  holder: string
  /** A fencing token: increases with every lease of the credential. */
  fence: number
  /** The credential's epoch when the lease was granted. */
  epoch: number
  expiresAt: Date
  /** Whether it is the one probe of a half-open circuit. */
  probe: boolean
}

/** A credential that may be leased, with the limits that the pool enforces. */
export interface Candidate {
  channelId: string
  credentialId: string
  concurrencyMax: number
  epoch: number
  /** The upstream's name of the requested model. */
  model: string
}

/**
 * The next fencing token: the time in microseconds, or the last token plus one when that is higher. So tokens
 * increase even after the pool was wiped; `floor` is the highest token that this scheduler has received, in case
 * the pool's clock went back as well.
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

/** A free slot is announced by `lease-freed`; this is the retry interval in case the event was lost. */
const FULL_RETRY_MS = 1_000
const RETRY_MS_MIN = 50
/** An operator may add a credential meanwhile. */
const RETRY_MS_MAX = 60_000

/** When a refused request may succeed: at the end of a cooldown, or when a slot may have become free. */
export function retryTime({
  nowMs,
  notBeforeMs,
  full,
}: {
  nowMs: number
  /** The first end of a cooldown; null when no credential cools down. */
  notBeforeMs: number | null
  /** Whether some credential only lacks a free slot. */
  full: boolean
}): Date {
  const atMs = Math.min(notBeforeMs ?? Infinity, full ? nowMs + FULL_RETRY_MS : Infinity)
  return new Date(Math.min(Math.max(atMs, nowMs + RETRY_MS_MIN), nowMs + RETRY_MS_MAX))
}
