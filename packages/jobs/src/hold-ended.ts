import { AppError, isAppError } from '@sluice/kernel/app-error'

const REASON = 'hold_ended'

/** The job cannot be inserted, because its hold has ended. A job with another id can. */
export const holdEnded = (cause: unknown): AppError =>
  new AppError('unavailable', 'The hold of this job has ended.', {
    cause,
    details: { reason: REASON },
  })

export const isHoldEnded = (error: unknown): boolean =>
  isAppError(error, 'unavailable') && error.details['reason'] === REASON
