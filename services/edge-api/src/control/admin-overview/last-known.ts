import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

/** A reading that is taken anew when it is too old, and stands while its source is away. */
export interface LastKnown<Value> {
  /** What stands in for it is the last reading. Throws when there has never been one. */
  read(): Promise<Value>
  /** True from a failed reading to the next good one. */
  isAway(): boolean
}

export function lastKnown<Value>({
  name,
  maxAgeMs,
  take,
  clock,
  log,
}: {
  name: string
  maxAgeMs: number
  take: () => Promise<Value>
  clock: Clock
  log: Log
}): LastKnown<Value> {
  let known: { value: Value } | undefined
  let takenAtMs = Number.NEGATIVE_INFINITY
  let away = false
  let flight: Promise<Value> | undefined

  const takeAnew = async () => {
    const atMs = clock.monotonicMs()
    try {
      const value = await take()
      known = { value }
      away = false
      return value
    } catch (err) {
      if (!away) log.warn({ err, reading: name }, 'a reading of the overview failed')
      away = true
      if (!known) throw err
      return known.value
    } finally {
      // A source that is away is asked no more often than one that is there.
      takenAtMs = atMs
    }
  }

  return {
    read: async () => {
      if (known && clock.monotonicMs() - takenAtMs < maxAgeMs) return known.value
      return (flight ??= takeAnew().finally(() => (flight = undefined)))
    },
    isAway: () => away,
  }
}
