import type { Hold } from './hold.ts'

/** An image job as far as its payment depends on it. */
export interface JobEnd {
  /** `queued` and `claimed` live on; the others are the end. */
  state: 'queued' | 'claimed' | 'done' | 'failed' | 'cancelled'
}

export type Settlement =
  /** It delivered something: charge it. */
  | 'capture'
  /** It ended without: give all of its hold back. */
  | 'void'
  /** It is not over yet. */
  | 'wait'
  /** Nobody knows the job: its hold is left to its expiry, or ends by it. */
  | 'unknown-job'
  /** It ran without a hold: nothing can be charged. */
  | 'unheld'

/** What to do about a job's money. */
export function settlementOf({
  hold,
  job,
}: {
  hold: Hold | undefined
  job: JobEnd | undefined
}): Settlement {
  if (!job) return 'unknown-job'
  if (job.state === 'queued' || job.state === 'claimed') return 'wait'
  if (!hold) return 'unheld'
  return job.state === 'done' ? 'capture' : 'void'
}
