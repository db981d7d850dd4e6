import { AppError, isAppError } from '@sluice/kernel/app-error'

const REASON = 'hold_ended'

/** The job cannot be written any more: what was held for it was given back. Another id can. */
export const holdEnded = (cause: unknown): AppError =>
  new AppError('unavailable', 'What was held for this job was given back.', {
    cause,
    details: { reason: REASON },
  })

export const isHoldEnded = (error: unknown): boolean =>
  isAppError(error, 'unavailable') && error.details['reason'] === REASON
