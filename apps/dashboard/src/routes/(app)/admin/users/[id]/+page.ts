import { createApi } from '#lib/api/create-api.ts'
import { pageWords } from '#lib/i18n/page-words.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const api = createApi(event.fetch)
  const params = { id: event.params.id }
  const [user, lines, words, ledger] = await Promise.all([
    api.getUser({ params }),
    api.listUserLedger({ params }),
    pageWords(event, 'admin-users'),
    pageWords(event, 'ledger'),
  ])
  return { ...event.data, user, lines, words, ledger }
}
