import { createApi } from '#lib/api/create-api.ts'
import { pageWords } from '#lib/i18n/page-words.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const { id } = event.params
  const [task, words, pictures] = await Promise.all([
    createApi(event.fetch).getImage({ params: { id } }),
    pageWords(event, 'gallery'),
    pageWords(event, 'pictures'),
  ])
  return { task, words, pictures }
}
