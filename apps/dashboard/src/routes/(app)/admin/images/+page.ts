import { readJobFilter } from '#lib/admin/job-filter.ts'
import { createApi } from '#lib/api/create-api.ts'
import { pageMessages } from '#lib/i18n/page-messages.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const filter = readJobFilter(event.url.searchParams)
  const [jobs, messages] = await Promise.all([
    createApi(event.fetch).listAllImages({ query: filter }),
    pageMessages(event, 'admin-images'),
  ])
  return { jobs, messages, filter }
}
