import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { LRUCache } from 'lru-cache'

const NAMES_MAX = 20_000

export interface Attempts {
  /**
   * Counts an attempt before it is made, so that concurrent attempts are all counted. Returns a function that
   * undoes the count, for attempts that succeeded. Throws `too_many_attempts` with the time to wait, without
   * counting.
   */
  begin(names: readonly AttemptName[]): () => void
}

export interface AttemptName {
  /** Allows `failuresMax` failures; then one per `everyMs`. */
  rule: AttemptRule
  /** Attempts with the same name share a count. */
  name: string
}

export interface AttemptRule {
  kind: string
  failuresMax: number
  everyMs: number
}

interface Bucket {
  count: number
  atMs: number
}

/**
 * Limits attempts to guess passwords. Counted in the memory of this process: a restart resets the counts, and
 * each replica counts separately.
 */
export function createAttempts({ clock }: { clock: Clock }): Attempts {
  const buckets = new LRUCache<string, Bucket>({ max: NAMES_MAX })
  const level = ({ rule, name }: AttemptName, nowMs: number) => {
    const bucket = buckets.get(`${rule.kind}:${name}`)
    return bucket ? Math.max(0, bucket.count - (nowMs - bucket.atMs) / rule.everyMs) : 0
  }
  const put = (one: AttemptName, nowMs: number, change: number) => {
    const count = Math.max(0, level(one, nowMs) + change)
    buckets.set(`${one.rule.kind}:${one.name}`, { count, atMs: nowMs })
  }
  return {
    begin(names) {
      const nowMs = clock.nowMs()
      const waits = names.map((one) => {
        const over = level(one, nowMs) - (one.rule.failuresMax - 1)
        return Math.ceil(Math.max(0, over) * one.rule.everyMs)
      })
      const retryAfterMs = Math.max(...waits)
      if (retryAfterMs > 0) {
        const message = `Too many attempts. Try again in ${Math.ceil(retryAfterMs / 1_000)} seconds.`
        throw new AppError('too_many_attempts', message, { retryAfterMs })
      }
      for (const one of names) put(one, nowMs, 1)
      return () => {
        for (const one of names) put(one, clock.nowMs(), -1)
      }
    },
  }
}
