import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

const READ_EVERY_MS = 1_000
/** People who watch one edge at once; each costs a query a second for their session. */
export const FOLLOWERS_MAX = 100

export interface LiveFeed<Value> {
  /**
   * Hears every reading from now on, the newest one at once. Ends by the returned function. Throws
   * `overloaded`.
   */
  follow(hear: (value: Value) => void): () => void
  followers(): number
}

/** One reader for all who follow; it rests while nobody does. A failed reading is left out. */
export function liveFeed<Value>({
  read,
  clock,
  log,
}: {
  read: () => Promise<Value>
  clock: Clock
  log: Log
}): LiveFeed<Value> {
  const ears = new Set<(value: Value) => void>()
  let newest: { value: Value } | undefined
  let reading = false
  let stop: (() => void) | undefined

  const readOnce = async () => {
    if (reading) return
    reading = true
    try {
      newest = { value: await read() }
      for (const hear of ears) hear(newest.value)
    } catch (err) {
      log.debug({ err }, 'counters were not read')
    } finally {
      reading = false
    }
  }
  const begin = () => {
    stop = clock.every(READ_EVERY_MS, () => void readOnce())
    void readOnce()
  }

  return {
    follow(hear) {
      if (ears.size >= FOLLOWERS_MAX)
        throw new AppError('overloaded', 'Too many people watch this overview. Come back later.')
      ears.add(hear)
      if (!stop) begin()
      else if (newest) hear(newest.value)
      return () => {
        ears.delete(hear)
        if (ears.size > 0) return
        stop?.()
        stop = undefined
        newest = undefined
      }
    },
    followers: () => ears.size,
  }
}
