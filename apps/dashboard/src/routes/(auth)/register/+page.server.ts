import { registerBody } from '@sluice/contracts/control/auth'
import { redirect } from '@sveltejs/kit'

import { createApi } from '#lib/api/create-api.ts'
import { paths } from '#lib/paths.ts'
import { emptyForm, submitForm } from '#lib/server/submit-form.ts'

import type { Actions, PageServerLoad } from './$types.js'

// Not in +page.ts, so that the API client is not part of this page's bundle.
export const load: PageServerLoad = async ({ fetch }) => ({
  form: await emptyForm(registerBody),
  site: await createApi(fetch).getSite(),
})

export const actions: Actions = {
  default: (event) =>
    submitForm(event, {
      schema: registerBody,
      isOpen: true,
      secret: ['password'],
      action: async (api, body) => {
        await api.register({ body })
        redirect(303, paths.welcome())
      },
    }),
}
