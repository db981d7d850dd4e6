import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'

/** A cached value that is reloaded after `maxAgeMs`, and stays valid while its source is unavailable. */
export interface LastKnown<Value> {
  /** Returns the last value if the source is unavailable. Throws when there has never been one. */
  read(): Promise<Value>
  /** True from a failed load to the next successful one. */
  isUnavailable(): boolean
}

export function lastKnown<Value>({
  name,
  maxAgeMs,
  load,
  clock,
  log,
}: {
  name: string
  maxAgeMs: number
  load: () => Promise<Value>
  clock: Clock
  log: Log
}): LastKnown<Value> {
  let known: { value: Value } | undefined
  let loadedAtMs = Number.NEGATIVE_INFINITY
  let unavailable = false
  let pending: Promise<Value> | undefined

  const reload = async () => {
    const atMs = clock.monotonicMs()
    try {
      const value = await load()
      known = { value }
      unavailable = false
      return value
    } catch (err) {
      if (!unavailable) log.warn({ err, reading: name }, 'a reading of the overview failed')
      unavailable = true
      if (!known) throw err
      return known.value
    } finally {
      // An unavailable source is called as often as an available one.
      loadedAtMs = atMs
    }
  }

  return {
    read: async () => {
      if (known && clock.monotonicMs() - loadedAtMs < maxAgeMs) return known.value
      return (pending ??= reload().finally(() => (pending = undefined)))
    },
    isUnavailable: () => unavailable,
  }
}
