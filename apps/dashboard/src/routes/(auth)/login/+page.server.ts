import { loginBody } from '@sluice/contracts/control/auth'
import { redirect } from '@sveltejs/kit'

import { createApi } from '#lib/api/create-api.ts'
import { localPath } from '#lib/paths.ts'
import { emptyForm, submitForm } from '#lib/server/submit-form.ts'

import type { Actions, PageServerLoad } from './$types.js'

// Here and not in +page.ts: who is not signed in needs no client of the API.
export const load: PageServerLoad = async ({ fetch }) => ({
  form: await emptyForm(loginBody),
  site: await createApi(fetch).getSite(),
})

export const actions: Actions = {
  default: (event) =>
    submitForm(event, {
      schema: loginBody,
      isOpen: true,
      secret: ['password'],
      // The gateway's cookie is passed through; the tokens of its answer stay here.
      action: async (api, body) => {
        await api.login({ body })
        redirect(303, localPath(event.url.searchParams.get('next')))
      },
    }),
}
