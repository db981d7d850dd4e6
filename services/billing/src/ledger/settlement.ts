import type { Hold } from './hold.ts'

/** How an image job ended. */
export interface JobEnd {
  state: 'done' | 'failed' | 'cancelled'
}

export type Settlement =
  /** It delivered something: charge it. */
  | 'capture'
  /** It ended without: give all of its hold back. */
  | 'void'
  /** It runs, or nobody knows it: there is nothing to decide. */
  | 'not-ended'
  /** It ended without ever having had a hold: nothing can be charged. */
  | 'unheld'

/** What to do about a job's money. */
export function settlementOf({
  hold,
  job,
}: {
  hold: Hold | undefined
  job: JobEnd | undefined
}): Settlement {
  if (!job) return 'not-ended'
  if (!hold) return 'unheld'
  return job.state === 'done' ? 'capture' : 'void'
}
