import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

const READ_EVERY_MS = 1_000
/** The maximum number of followers of one edge; each costs a session query per second. */
export const FOLLOWERS_MAX = 100

export interface LiveFeed<Value> {
  /**
   * Calls the listener with every reading from now on, and at once with the latest one. The returned function
   * ends it. Throws `overloaded`.
   */
  follow(listener: (value: Value) => void): () => void
  followers(): number
}

/** One reader for all followers; it stops while there are none. Failed readings are skipped. */
export function liveFeed<Value>({
  read,
  clock,
  log,
}: {
  read: () => Promise<Value>
  clock: Clock
  log: Log
}): LiveFeed<Value> {
  const listeners = new Set<(value: Value) => void>()
  let newest: { value: Value } | undefined
  let reading = false
  let stop: (() => void) | undefined

  const readOnce = async () => {
    if (reading) return
    reading = true
    try {
      newest = { value: await read() }
      for (const listener of listeners) listener(newest.value)
    } catch (err) {
      log.debug({ err }, 'counters not read')
    } finally {
      reading = false
    }
  }
  const begin = () => {
    stop = clock.every(READ_EVERY_MS, () => void readOnce())
    void readOnce()
  }

  return {
    follow(listener) {
      if (listeners.size >= FOLLOWERS_MAX)
        throw new AppError('overloaded', 'This overview has too many viewers. Try again later.')
      listeners.add(listener)
      if (!stop) begin()
      else if (newest) listener(newest.value)
      return () => {
        listeners.delete(listener)
        if (listeners.size > 0) return
        stop?.()
        stop = undefined
        newest = undefined
      }
    },
    followers: () => listeners.size,
  }
}
