import { AppError } from '@sluice/kernel/app-error'

/** What is not there and what is somebody else's look the same. */
export const keyNotFound = (): AppError =>
  new AppError('not_found', 'You have no API key with this id.', { param: 'id' })
