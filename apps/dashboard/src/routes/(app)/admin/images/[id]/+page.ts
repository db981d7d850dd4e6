import { createApi } from '#lib/api/create-api.ts'
import { pageWords } from '#lib/i18n/page-words.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const [job, words] = await Promise.all([
    createApi(event.fetch).getAnyImage({ params: { id: event.params.id } }),
    pageWords(event, 'admin-images'),
  ])
  return { job, words }
}
