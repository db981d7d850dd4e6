import type { HandleClientError } from '@sveltejs/kit/hooks'

import { ApiError } from '#lib/api/api-error.ts'
import { leaveForLogin } from '#lib/api/leave-for-login.ts'
import { tellError } from '#lib/api/tell-error.ts'
import { languageNames, languages } from '#lib/i18n/languages.ts'

/** A session that ends in mid-use leads to login, and back; every other error to the error page. */
export const handleError: HandleClientError = async ({ kind, error, event }) => {
  if (error instanceof ApiError && error.code === 'invalid_session') {
    await leaveForLogin(event.url)
  }
  const { lang } = document.documentElement
  const language = languageNames.find((name) => languages[name].tag === lang) ?? 'en'
  return (await tellError({ kind, error }, language)) ?? { message: '' }
}
