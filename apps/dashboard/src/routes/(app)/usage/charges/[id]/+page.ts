import { createApi } from '#lib/api/create-api.ts'
import { pageMessages } from '#lib/i18n/page-messages.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const [charge, messages, ledger] = await Promise.all([
    createApi(event.fetch).getCharge({ params: { id: event.params.id } }),
    pageMessages(event, 'usage'),
    pageMessages(event, 'ledger'),
  ])
  return { charge, messages, ledger }
}
