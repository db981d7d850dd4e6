/** In each window of GRACE_MS a body must deliver GRACE_BYTES, or end. */
const GRACE_MS = 10_000
const GRACE_BYTES = 64 * 1024
const SILENCE_MS_MAX = 10_000

/**
 * Detects a body that arrives too slowly, checked about once a second: no bytes for ten seconds, or too few
 * in the last ten. Earlier fast transfer grants no extra time, so a caller who sends 19 MB at once and then
 * stalls is treated like one who sends nothing.
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

  /** `nowMs` excludes time in which the caller waits for this server. */
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
