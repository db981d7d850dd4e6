import { redirect } from '@sveltejs/kit'

import { newChannelBody } from '#lib/admin/channel-body.ts'
import { newChannelForm } from '#lib/admin/channel-form.ts'
import { paths } from '#lib/paths.ts'
import { emptyForm, submitForm } from '#lib/server/submit-form.ts'

import type { Actions, PageServerLoad } from './$types.js'

export const load: PageServerLoad = async () => ({ form: await emptyForm(newChannelForm) })

export const actions: Actions = {
  default: (event) =>
    submitForm(event, {
      schema: newChannelForm,
      secret: ['secrets'],
      action: async (api, form) => {
        const { id } = await api.createChannel({ body: newChannelBody(newChannelForm.parse(form)) })
        redirect(303, paths.channel(id))
      },
    }),
}
