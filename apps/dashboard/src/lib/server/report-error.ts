import type { HandleServerError } from '@sveltejs/kit/hooks'

import { ApiError } from '../api/api-error.ts'
import { toPageError } from '../api/page-error.ts'

/** Shows an error to the user, and logs it if it is an error of the panel. */
export const reportError: HandleServerError = async ({ kind, error, event }) => {
  const { choice } = event.locals
  const pageError = await toPageError({ kind, error }, choice?.language ?? 'en')
  if (kind === 'unknown' && !(error instanceof ApiError)) {
    event.platform?.report(error, { path: event.url.pathname })
  }
  return pageError ?? { message: asAppError(error).message }
}

// Kind `app`: the argument of `error(...)`, which is an App.Error.
const asAppError = (error: unknown) => error as App.Error
