import { createApi } from '#lib/api/create-api.ts'
import { loadWords } from '#lib/i18n/load-words.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const { language } = await event.parent()
  const [words, site] = await Promise.all([
    loadWords(language, 'login'),
    createApi(event.fetch).getSite(),
  ])
  return { ...event.data, words, site }
}
