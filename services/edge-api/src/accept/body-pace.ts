/** In each such time a body must bring GRACE_BYTES, or end. */
const GRACE_MS = 10_000
const GRACE_BYTES = 64 * 1024
const SILENCE_MS_MAX = 10_000

/**
 * Whether a body comes fast enough, looked at about once a second: true when it brought nothing for ten seconds, or
 * too little in the last ten. What came fast before buys no time: a caller who sends 19 MB at once and then falls
 * silent is as slow as one who sends nothing.
 */
export class BodyPace {
  private windowStartMs: number
  private windowBytes = 0
  private lastBytes = 0
  private lastProgressMs: number

  constructor(startedMs: number) {
    this.windowStartMs = startedMs
    this.lastProgressMs = startedMs
  }

  /** `nowMs` counts only time in which we wait for the caller. */
  isTooSlow(nowMs: number, bytes: number): boolean {
    if (bytes !== this.lastBytes) {
      this.lastBytes = bytes
      this.lastProgressMs = nowMs
    }
    if (nowMs - this.lastProgressMs > SILENCE_MS_MAX) return true
    if (nowMs - this.windowStartMs <= GRACE_MS) return false
    if (bytes - this.windowBytes < GRACE_BYTES) return true
    this.windowStartMs = nowMs
    this.windowBytes = bytes
    return false
  }
}
