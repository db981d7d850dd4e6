import { redirect } from '@sveltejs/kit'

import { ApiError } from '#lib/api/api-error.ts'
import { createApi } from '#lib/api/create-api.ts'
import { loadMessages } from '#lib/i18n/load-messages.ts'
import { paths } from '#lib/paths.ts'
import { ME } from '#lib/session/me.ts'

import type { LayoutLoad } from './$types.js'

/** All pages below need a session: without one this redirects to the login page. */
export const load: LayoutLoad = async ({ fetch, url, parent, depends, untrack }) => {
  depends(ME)
  const { language } = await parent()
  try {
    const [me, shell] = await Promise.all([
      createApi(fetch).getMe(),
      loadMessages(language, 'shell'),
    ])
    return { me, shell }
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 'invalid_session')) throw error
    redirect(303, paths.login(untrack(() => `${url.pathname}${url.search}`)))
  }
}
