import { createApi } from '#lib/api/create-api.ts'
import { pageWords } from '#lib/i18n/page-words.ts'
import { readDays } from '#lib/overview/periods.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const days = readDays(event.url.searchParams.get('days'))
  const [overview, words] = await Promise.all([
    createApi(event.fetch).getOverview({ query: { days } }),
    pageWords(event, 'overview'),
  ])
  return { overview, words, days }
}
