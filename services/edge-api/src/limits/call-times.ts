/** Moving average of call durations, from which Retry-After is computed. */
export interface CallTimes {
  note(durationMs: number): void
  /** Estimated time until the first of `running` calls ends: 1 to 30 seconds. */
  freeInMs(running: number): number
}

const FREE_MS_MIN = 1_000
const FREE_MS_MAX = 30_000
/** Used before any call has ended. */
const UNKNOWN_MS = 2_000
/** The weight of the newest call in the mean. */
const WEIGHT = 1 / 16

export function createCallTimes(): CallTimes {
  let meanMs: number | undefined
  return {
    note(durationMs) {
      meanMs = meanMs === undefined ? durationMs : meanMs + (durationMs - meanMs) * WEIGHT
    },
    freeInMs(running) {
      if (meanMs === undefined) return UNKNOWN_MS
      const firstEndMs = Math.ceil(meanMs / Math.max(1, running))
      return Math.min(FREE_MS_MAX, Math.max(FREE_MS_MIN, firstEndMs))
    },
  }
}
