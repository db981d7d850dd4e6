import { changePasswordBody } from '@sluice/contracts/control/auth'

import { emptyForm, submitForm } from '#lib/server/submit-form.ts'

import type { Actions, PageServerLoad } from './$types.js'

export const load: PageServerLoad = async () => ({ form: await emptyForm(changePasswordBody) })

export const actions: Actions = {
  default: (event) =>
    submitForm(event, {
      schema: changePasswordBody,
      secret: ['current_password', 'new_password'],
      action: (api, body) => api.changePassword({ body }),
    }),
}
