import { LRUCache } from 'lru-cache'

/** 20 wrong keys in 10 minutes from one address; then one each 30 s. */
const GUESSES_MAX = 20
const GUESS_EVERY_MS = 30_000
const ADDRESSES_MAX = 10_000

interface Bucket {
  guesses: number
  atMs: number
}

export interface GuessLimit {
  /** How long this address should wait before it tries another unknown key; 0 for not at all. */
  waitMs(address: string, nowMs: number): number
  /** Counts a key that was wrong. */
  count(address: string, nowMs: number): void
}

/**
 * Counts wrong keys by address, and says when the answer to one more is 429 in place of 401. A right key is never
 * asked about, so nobody locks their neighbours out.
 */
export function guessLimit(): GuessLimit {
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
