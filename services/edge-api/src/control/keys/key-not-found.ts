import { AppError } from '@sluice/kernel/app-error'

/** The same error for a missing key and for another user's key. */
export const keyNotFound = (): AppError =>
  new AppError('not_found', 'You have no API key with this id.', { param: 'id' })
