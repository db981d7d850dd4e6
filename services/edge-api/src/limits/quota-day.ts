const DAY_MS = 86_400_000

/** The UTC day of a time, `2026-11-21`. */
export function dayOf(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 10)
}

/** The end of the UTC day of a time, when quotas reset. */
export function dayEnd(nowMs: number): Date {
  return new Date((Math.floor(nowMs / DAY_MS) + 1) * DAY_MS)
}
