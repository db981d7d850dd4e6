import type { NewUserAnswer } from '#lib/admin/new-user.ts'
import { newUserForm } from '#lib/admin/user-forms.ts'
import { emptyForm, submitForm } from '#lib/server/submit-form.ts'

import type { Actions, PageServerLoad } from './$types.js'

export const load: PageServerLoad = async () => ({ form: await emptyForm(newUserForm) })

export const actions: Actions = {
  default: (event) =>
    submitForm(event, {
      schema: newUserForm,
      secret: ['password'],
      action: async (api, { email, role = 'user', password }) => {
        const body = { email, role, ...(password ? { password } : {}) }
        const made = await api.createUser({ body })
        return { email: made.email, password: made.password } satisfies NewUserAnswer
      },
    }),
}
