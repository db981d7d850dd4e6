import { systemRandom } from '@sluice/kernel/random'

import { creditsForm } from '#lib/admin/user-forms.ts'
import { microOf } from '#lib/keys/quota.ts'
import { emptyForm, submitForm } from '#lib/server/submit-form.ts'

import type { Actions, PageServerLoad } from './$types.js'

const KEY_BYTES = 16

export const load: PageServerLoad = async () => {
  const key = Buffer.from(systemRandom.bytes(KEY_BYTES)).toString('hex')
  return { form: await emptyForm(creditsForm, { idempotency_key: key }) }
}

export const actions: Actions = {
  default: (event) =>
    submitForm(event, {
      schema: creditsForm,
      action: async (api, { amount, note, idempotency_key: idempotencyKey = '' }) => {
        const micro = microOf(amount)?.toString() ?? ''
        const { fresh } = await api.grantCredits({
          params: { id: event.params['id'] ?? '' },
          body: { amount, note },
          idempotencyKey,
        })
        return { micro, fresh }
      },
    }),
}
