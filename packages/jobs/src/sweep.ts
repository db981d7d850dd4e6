import type { JobRecord } from './job-record.ts'

/** Partial pictures are of use while the job runs, and to a slow reader of its events. */
export const PARTIALS_KEPT_MS = 3_600_000
/** Input pictures, and pictures that were stored but never kept, for whoever asks what happened. */
export const LEFTOVERS_KEPT_MS = 24 * 3_600_000

export interface SweepPlan {
  partials: boolean
  /** Input pictures, and stored pictures of parts that were not kept. */
  leftovers: boolean
  /** When to come again; null when nothing is left to remove. */
  nextAt: Date | null
}

/** When blobs of a job that ends now are first to be looked at; null when it leaves none behind. */
export function firstSweepAt(job: JobRecord, endedAt: Date): Date | null {
  if (hasPartials(job)) return new Date(endedAt.getTime() + PARTIALS_KEPT_MS)
  if (hasLeftovers(job)) return new Date(endedAt.getTime() + LEFTOVERS_KEPT_MS)
  return null
}

/** What of an ended job's blobs may go now. */
export function planSweep(job: JobRecord, now: Date): SweepPlan {
  const endedMs = job.endedAt?.getTime() ?? Infinity
  const leftoversAtMs = endedMs + LEFTOVERS_KEPT_MS
  const leftovers = leftoversAtMs <= now.getTime()
  return {
    partials: endedMs + PARTIALS_KEPT_MS <= now.getTime(),
    leftovers,
    nextAt: leftovers || !hasLeftovers(job) ? null : new Date(leftoversAtMs),
  }
}

const hasPartials = (job: JobRecord) => job.parts.some(({ partials }) => partials > 0)

function hasLeftovers({ request, parts }: JobRecord): boolean {
  const inputs = request.images.length > 0 || request.mask !== undefined
  return inputs || parts.some(({ state, generations }) => state !== 'stored' && generations > 0)
}
