import { redirect } from '@sveltejs/kit'

import { ApiError } from '#lib/api/api-error.ts'
import { createApi } from '#lib/api/create-api.ts'
import { paths } from '#lib/paths.ts'

import type { Actions, PageServerLoad } from './$types.js'

// An act, not an address: whoever types it is led to where they can press the button.
export const load: PageServerLoad = () => redirect(303, paths.account())

export const actions: Actions = {
  default: async ({ fetch }) => {
    try {
      await createApi(fetch).logout()
    } catch (error) {
      // Who has no session any more is signed out already.
      if (!(error instanceof ApiError && error.status === 401)) throw error
    }
    redirect(303, paths.login())
  },
}
