import { registerBody } from '@sluice/contracts/control/auth'
import { redirect } from '@sveltejs/kit'

import { paths } from '#lib/paths.ts'
import { emptyForm, submitForm } from '#lib/server/submit-form.ts'

import type { Actions, PageServerLoad } from './$types.js'

export const load: PageServerLoad = async () => ({ form: await emptyForm(registerBody) })

export const actions: Actions = {
  default: (event) =>
    submitForm(event, {
      schema: registerBody,
      secret: ['password'],
      act: async (api, body) => {
        await api.register({ body })
        redirect(303, paths.welcome())
      },
    }),
}
