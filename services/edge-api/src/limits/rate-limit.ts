/**
 * Sliding-window rate limit, counted in buckets of one second.
 *
 * A grant is counted in the bucket of its spending deadline. A decision at `now` counts every bucket that
 * overlaps the 60 s before `now`. So everything spent within any 60 s was counted together by the last
 * decision in them, and that decision was within the limit.
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

/** The requests to grant now, or the time to retry after. Does not modify `grants`. */
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

/** True while a grant of this bucket may have been spent within the window. */
export function counts(bucket: number, nowMs: number): boolean {
  return endOf(bucket) > nowMs - WINDOW_MS
}

// The time until enough of the oldest buckets leave the window for one more request.
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

/** The largest slice that one edge may hold: the limit per second. */
export function sliceMax(limit: number): number {
  return Math.max(1, Math.floor(limit / 60))
}

/** The size of the next slice: doubled when the last one was used up, halved otherwise. */
export function nextSlice(last: { size: number; usedUp: boolean }, limit: number): number {
  const size = last.usedUp ? last.size * 2 : Math.floor(last.size / 2)
  return Math.max(1, Math.min(size, sliceMax(limit)))
}
