import { redirect } from '@sveltejs/kit'

import { ApiError } from '#lib/api/api-error.ts'
import { createApi } from '#lib/api/create-api.ts'
import { paths } from '#lib/paths.ts'

import type { Actions, PageServerLoad } from './$types.js'

// Logout needs a POST: a GET redirects to the page with the button.
export const load: PageServerLoad = () => redirect(303, paths.account())

export const actions: Actions = {
  default: async ({ fetch }) => {
    try {
      await createApi(fetch).logout()
    } catch (error) {
      // Without a session the user is already signed out.
      if (!(error instanceof ApiError && error.status === 401)) throw error
    }
    redirect(303, paths.login())
  },
}
