/**
 * How many requests may pass, counted in buckets of one second.
 *
 * A grant stands in the bucket of the latest moment at which it may be spent. Whoever decides at `now`
 * counts every bucket that reaches into the 60 s before `now`; so all that is ever spent within any 60 s
 * was counted together by the last decision among it, and that decision stayed within the limit.
 */

export const WINDOW_MS = 60_000
export const BUCKET_MS = 1_000

/** Bucket number (seconds since the epoch) → requests granted in it. */
export type Grants = Map<number, number>

export interface RateRequest {
  nowMs: number
  limit: number
  want: number
  spendWithinMs: number
}

/** What may be granted now, and when to come back if nothing may. Does not change `grants`. */
export function decideTake(
  grants: Grants,
  { nowMs, limit, want, spendWithinMs }: RateRequest,
): { granted: number; bucket: number; retryAfterMs: number } {
  let used = 0
  for (const [bucket, count] of grants) if (counts(bucket, nowMs)) used += count
  const granted = Math.max(0, Math.min(want, limit - used))
  const bucket = Math.floor((nowMs + spendWithinMs) / BUCKET_MS)
  return {
    granted,
    bucket,
    retryAfterMs: granted > 0 ? 0 : waitFor(grants, { nowMs, limit, used }),
  }
}

/** True while something granted in this bucket may have been spent less than a window ago. */
export function counts(bucket: number, nowMs: number): boolean {
  return endOf(bucket) > nowMs - WINDOW_MS
}

// Oldest first, until so much has fallen out of the window that one more fits.
function waitFor(
  grants: Grants,
  { nowMs, limit, used }: { nowMs: number; limit: number; used: number },
): number {
  let left = used
  for (const bucket of [...grants.keys()].sort((a, b) => a - b)) {
    if (!counts(bucket, nowMs)) continue
    left -= grants.get(bucket) ?? 0
    if (left < limit) return endOf(bucket) + WINDOW_MS - nowMs
  }
  return WINDOW_MS
}

const endOf = (bucket: number) => (bucket + 1) * BUCKET_MS

/** The largest part of a limit that one edge may hold unspent: what the limit lets pass in a second. */
export function sliceMax(limit: number): number {
  return Math.max(1, Math.floor(limit / 60))
}

/** How much to ask for next: more when the last slice did not last, less when it was not used up. */
export function nextSlice(last: { size: number; usedUp: boolean }, limit: number): number {
  const size = last.usedUp ? last.size * 2 : Math.floor(last.size / 2)
  return Math.max(1, Math.min(size, sliceMax(limit)))
}
