import { readUserFilter } from '#lib/admin/user-filter.ts'
import { createApi } from '#lib/api/create-api.ts'
import { pageMessages } from '#lib/i18n/page-messages.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const { searchParams } = event.url
  const filter = readUserFilter(searchParams)
  const [users, messages] = await Promise.all([
    createApi(event.fetch).listUsers({ query: filter }),
    pageMessages(event, 'admin-users'),
  ])
  return { ...event.data, users, messages, filter, creating: searchParams.has('new') }
}
