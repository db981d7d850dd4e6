import type { HandleServerError } from '@sveltejs/kit'

import { loadWords } from '../i18n/load-words.ts'

/** A fault of the panel itself: logged where it happened, told without its details. */
export const reportError: HandleServerError = async ({ error, event, status }) => {
  const { errors } = await wordsFor(event.locals.choice?.language ?? 'en')
  if (status === 404) return { message: errors.codes.not_found }
  event.platform?.report(error, { path: event.url.pathname, status })
  return { message: errors.other }
}

async function wordsFor(language: App.Locals['choice']['language']) {
  return { errors: await loadWords(language, 'errors') }
}
