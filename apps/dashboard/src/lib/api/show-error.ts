import type { HandleClientError } from '@sveltejs/kit/hooks'

import { languageNames, languages } from '../i18n/languages.ts'
import { ApiError } from './api-error.ts'
import { leaveForLogin } from './leave-for-login.ts'
import { toPageError } from './page-error.ts'

/** Redirects to the login page when the session has expired; any other error leads to the error page. */
export const showError: HandleClientError = async ({ kind, error, event }) => {
  if (error instanceof ApiError && error.code === 'invalid_session') {
    await leaveForLogin(event.url)
  }
  const { lang } = document.documentElement
  const language = languageNames.find((name) => languages[name].tag === lang) ?? 'en'
  return (await toPageError({ kind, error }, language)) ?? { message: '' }
}
