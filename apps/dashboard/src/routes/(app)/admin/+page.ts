import { createApi } from '#lib/api/create-api.ts'
import { pageWords } from '#lib/i18n/page-words.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const [overview, words] = await Promise.all([
    createApi(event.fetch).getAdminOverview(),
    pageWords(event, 'admin-overview'),
  ])
  return { overview, words }
}
