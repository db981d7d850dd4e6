import { readUserFilter } from '#lib/admin/user-filter.ts'
import { createApi } from '#lib/api/create-api.ts'
import { pageWords } from '#lib/i18n/page-words.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const { searchParams } = event.url
  const filter = readUserFilter(searchParams)
  const [users, words] = await Promise.all([
    createApi(event.fetch).listUsers({ query: filter }),
    pageWords(event, 'admin-users'),
  ])
  return { ...event.data, users, words, filter, creating: searchParams.has('new') }
}
