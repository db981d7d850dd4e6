import { LRUCache } from 'lru-cache'

/** 20 wrong keys in 10 minutes from one address; then one per 30 s. */
const GUESSES_MAX = 20
const GUESS_EVERY_MS = 30_000
const ADDRESSES_MAX = 10_000

interface Bucket {
  guesses: number
  atMs: number
}

export interface GuessLimit {
  /** How long this address must wait before its next unknown key; 0 for no wait. */
  waitMs(address: string, nowMs: number): number
  /** Counts a wrong key. */
  count(address: string, nowMs: number): void
}

/**
 * Leaky bucket of wrong keys per address, above which the response is 429 instead of 401. It is not applied
 * to valid keys, so that a caller cannot lock out others at the same address.
 */
export function createGuessLimit(): GuessLimit {
  const buckets = new LRUCache<string, Bucket>({ max: ADDRESSES_MAX })
  const leaked = ({ guesses, atMs }: Bucket, nowMs: number) =>
    Math.max(0, guesses - Math.max(0, nowMs - atMs) / GUESS_EVERY_MS)
  return {
    waitMs(address, nowMs) {
      const bucket = buckets.get(address)
      const over = bucket ? leaked(bucket, nowMs) - (GUESSES_MAX - 1) : 0
      return over > 0 ? Math.ceil(over * GUESS_EVERY_MS) : 0
    },
    count(address, nowMs) {
      const bucket = buckets.get(address)
      const guesses = (bucket ? leaked(bucket, nowMs) : 0) + 1
      buckets.set(address, { guesses: Math.min(guesses, GUESSES_MAX), atMs: nowMs })
    },
  }
}
