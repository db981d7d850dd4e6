import { loginBody } from '@sluice/contracts/control/auth'
import { redirect } from '@sveltejs/kit'

import { createApi } from '#lib/api/create-api.ts'
import { localPath } from '#lib/paths.ts'
import { emptyForm, submitForm } from '#lib/server/submit-form.ts'

import type { Actions, PageServerLoad } from './$types.js'

// Not in +page.ts, so that the API client is not part of this page's bundle.
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
      // The gateway's cookie is passed to the browser; the tokens of its response are not.
      action: async (api, body) => {
        await api.login({ body })
        redirect(303, localPath(event.url.searchParams.get('next')))
      },
    }),
}
