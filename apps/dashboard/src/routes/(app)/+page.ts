import { redirect } from '@sveltejs/kit'

import { createApi } from '#lib/api/create-api.ts'
import { pageMessages } from '#lib/i18n/page-messages.ts'
import { readDays } from '#lib/overview/periods.ts'
import { paths } from '#lib/paths.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const days = readDays(event.url.searchParams.get('days'))
  const [overview, messages] = await Promise.all([
    createApi(event.fetch).getOverview({ query: { days } }),
    pageMessages(event, 'overview'),
  ])
  const { welcomed } = await event.parent()
  if (overview.is_new && !welcomed) redirect(303, paths.welcome())
  return { overview, messages, days }
}
