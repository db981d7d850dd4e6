import { createApi } from '#lib/api/create-api.ts'
import { pageWords } from '#lib/i18n/page-words.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const [charge, words, ledger] = await Promise.all([
    createApi(event.fetch).getCharge({ params: { id: event.params.id } }),
    pageWords(event, 'usage'),
    pageWords(event, 'ledger'),
  ])
  return { charge, words, ledger }
}
