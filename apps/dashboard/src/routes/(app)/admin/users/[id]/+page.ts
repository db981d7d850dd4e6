import { createApi } from '#lib/api/create-api.ts'
import { pageMessages } from '#lib/i18n/page-messages.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const api = createApi(event.fetch)
  const params = { id: event.params.id }
  const [user, lines, messages, ledger] = await Promise.all([
    api.getUser({ params }),
    api.listUserLedger({ params }),
    pageMessages(event, 'admin-users'),
    pageMessages(event, 'ledger'),
  ])
  return { ...event.data, user, lines, messages, ledger }
}
