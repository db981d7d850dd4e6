import { loginBody } from '@sluice/contracts/control/auth'
import { redirect } from '@sveltejs/kit'

import { localPath } from '#lib/paths.ts'
import { emptyForm, submitForm } from '#lib/server/submit-form.ts'

import type { Actions, PageServerLoad } from './$types.js'

export const load: PageServerLoad = async () => ({ form: await emptyForm(loginBody) })

export const actions: Actions = {
  default: (event) =>
    submitForm(event, {
      schema: loginBody,
      secret: ['password'],
      // The gateway's cookie is passed through; the tokens of its answer stay here.
      act: async (api, body) => {
        await api.login({ body })
        redirect(303, localPath(event.url.searchParams.get('next')))
      },
    }),
}
