import type { KeyAnswer } from '#lib/keys/key-answer.ts'
import { changedKeyBody, formOfKey, newKeyBody } from '#lib/keys/key-body.ts'
import { keyForm } from '#lib/keys/key-form.ts'
import { createApi } from '#lib/api/create-api.ts'
import { emptyForm, submitForm } from '#lib/server/submit-form.ts'

import type { Actions, PageServerLoad } from './$types.js'

/** `?edit=<id>` shows the form of that key, `?new` an empty one. */
export const load: PageServerLoad = async (event) => {
  const id = event.url.searchParams.get('edit')
  if (id === null || id === '') return { form: await emptyForm(keyForm) }
  const key = await createApi(event.fetch).getApiKey({ params: { id } })
  return { form: await emptyForm(keyForm, formOfKey(key)) }
}

export const actions: Actions = {
  default: (event) =>
    submitForm(event, {
      schema: keyForm,
      action: async (api, form) => {
        const fields = keyForm.parse(form)
        if (fields.id === '') {
          const { name, api_key } = await api.createApiKey({ body: newKeyBody(fields) })
          return { name, apiKey: api_key } satisfies KeyAnswer
        }
        const body = changedKeyBody(fields)
        const { name } = await api.editApiKey({ params: { id: fields.id }, body })
        return { name, apiKey: null } satisfies KeyAnswer
      },
    }),
}
