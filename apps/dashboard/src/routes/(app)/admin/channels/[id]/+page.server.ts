import { changedChannelBody, formOfChannel } from '#lib/admin/channel-body.ts'
import { addKeysForm, channelForm } from '#lib/admin/channel-form.ts'
import { linesOf } from '#lib/admin/channel-models.ts'
import { createApi } from '#lib/api/create-api.ts'
import { emptyForm, submitForm } from '#lib/server/submit-form.ts'

import type { Actions, PageServerLoad } from './$types.js'

export const load: PageServerLoad = async ({ fetch, params }) => {
  const channel = await createApi(fetch).getChannel({ params: { id: params.id } })
  return {
    channel,
    settings: await emptyForm(channelForm, formOfChannel(channel)),
    keys: await emptyForm(addKeysForm),
  }
}

export const actions: Actions = {
  edit: (event) =>
    submitForm(event, {
      schema: channelForm,
      secret: ['secrets'],
      action: async (api, form) => {
        const params = { id: event.params['id'] ?? '' }
        const channel = await api.getChannel({ params })
        const body = changedChannelBody(channelForm.parse(form), channel)
        await api.editChannel({ params, body })
      },
    }),
  keys: (event) =>
    submitForm(event, {
      schema: addKeysForm,
      secret: ['secrets'],
      action: (api, form) => {
        const { secrets, concurrency_max: calls } = addKeysForm.parse(form)
        return api.addCredentials({
          params: { id: event.params['id'] ?? '' },
          body: { secrets: linesOf(secrets), concurrency_max: Number(calls) },
        })
      },
    }),
}
