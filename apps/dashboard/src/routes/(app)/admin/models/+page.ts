import { createApi } from '#lib/api/create-api.ts'
import { pageWords } from '#lib/i18n/page-words.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const [{ items }, words] = await Promise.all([
    createApi(event.fetch).listModels(),
    pageWords(event, 'admin-models'),
  ])
  return { models: items, words }
}
