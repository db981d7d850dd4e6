import type { Hold } from './hold.ts'

/** The final state of an image job. */
export interface JobEnd {
  state: 'done' | 'failed' | 'cancelled'
}

export type Settlement =
  /** It delivered pictures: charge the hold. */
  | 'capture'
  /** It delivered nothing: release the hold. */
  | 'void'
  /** It runs or does not exist: leave the hold open. */
  | 'not-ended'
  /** It ended and never had a hold: nothing can be charged. */
  | 'unheld'

/** How the hold of a job is to be settled. */
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
