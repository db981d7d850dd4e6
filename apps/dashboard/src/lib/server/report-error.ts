import type { HandleServerError } from '@sveltejs/kit/hooks'

import { ApiError } from '../api/api-error.ts'
import { toPageError } from '../api/page-error.ts'

/** Tells an error to the person, and a fault of the panel itself to the log, where it can be mended. */
export const reportError: HandleServerError = async ({ kind, error, event }) => {
  const { choice } = event.locals
  const told = await toPageError({ kind, error }, choice?.language ?? 'en')
  if (kind === 'unknown' && !(error instanceof ApiError)) {
    event.platform?.report(error, { path: event.url.pathname })
  }
  return told ?? { message: asAppError(error).message }
}

// Of kind `app`: what was given to `error(...)`, which must be an App.Error.
const asAppError = (error: unknown) => error as App.Error
