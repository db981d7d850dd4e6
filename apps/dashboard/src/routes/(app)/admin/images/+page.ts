import { readJobFilter } from '#lib/admin/job-filter.ts'
import { createApi } from '#lib/api/create-api.ts'
import { pageWords } from '#lib/i18n/page-words.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const filter = readJobFilter(event.url.searchParams)
  const [jobs, words] = await Promise.all([
    createApi(event.fetch).listAllImages({ query: filter }),
    pageWords(event, 'admin-images'),
  ])
  return { jobs, words, filter }
}
