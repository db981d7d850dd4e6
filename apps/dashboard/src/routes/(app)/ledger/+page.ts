import { createApi } from '#lib/api/create-api.ts'
import { pageWords } from '#lib/i18n/page-words.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const [lines, words] = await Promise.all([
    createApi(event.fetch).listLedger(),
    pageWords(event, 'ledger'),
  ])
  return { lines, words }
}
