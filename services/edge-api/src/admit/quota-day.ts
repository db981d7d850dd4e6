const DAY_MS = 86_400_000

/** The day of UTC in which a moment lies, `2026-11-21`. */
export function dayOf(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 10)
}

/** When the day of a moment ends, and every quota begins anew. */
export function dayEnd(nowMs: number): Date {
  return new Date((Math.floor(nowMs / DAY_MS) + 1) * DAY_MS)
}
