import type { JobRecord } from './job-record.ts'

/** Retention of partial pictures after the job's end, for slow readers of its events. */
export const PARTIALS_RETENTION_MS = 3_600_000
/** Retention of input pictures, and of stored blobs that are not part of the job, for debugging. */
export const LEFTOVERS_RETENTION_MS = 24 * 3_600_000

export interface SweepPlan {
  partials: boolean
  /** Input pictures, and stored blobs of parts that are not stored. */
  leftovers: boolean
  /** When the next removal is due; null when nothing is left to remove. */
  nextAt: Date | null
}

/** When the first blobs of a job that ends now are due for removal; null when it has none to remove. */
export function firstSweepAt(job: JobRecord, endedAt: Date): Date | null {
  if (hasPartials(job)) return new Date(endedAt.getTime() + PARTIALS_RETENTION_MS)
  if (hasLeftovers(job)) return new Date(endedAt.getTime() + LEFTOVERS_RETENTION_MS)
  return null
}

/** Which blobs of an ended job can be removed now. */
export function planSweep(job: JobRecord, now: Date): SweepPlan {
  const endedMs = job.endedAt?.getTime() ?? Infinity
  const leftoversAtMs = endedMs + LEFTOVERS_RETENTION_MS
  const leftovers = leftoversAtMs <= now.getTime()
  return {
    partials: endedMs + PARTIALS_RETENTION_MS <= now.getTime(),
    leftovers,
    nextAt: leftovers || !hasLeftovers(job) ? null : new Date(leftoversAtMs),
  }
}

const hasPartials = (job: JobRecord) => job.parts.some(({ partials }) => partials > 0)

function hasLeftovers({ request, parts }: JobRecord): boolean {
  const inputs = request.images.length > 0 || request.mask !== undefined
  return inputs || parts.some(({ state, generations }) => state !== 'stored' && generations > 0)
}
