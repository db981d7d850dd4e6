import { createApi } from '#lib/api/create-api.ts'
import { pageMessages } from '#lib/i18n/page-messages.ts'
import { readUsageFilter } from '#lib/usage/usage-filter.ts'

import type { PageLoad } from './$types.js'

const KEYS_MAX = 100

export const load: PageLoad = async (event) => {
  const filter = readUsageFilter(event.url.searchParams)
  const api = createApi(event.fetch)
  const { api_key_id: _, ...ofCharges } = filter
  const [usage, charges, keys, messages] = await Promise.all([
    api.getUsage({ query: filter }),
    api.listCharges({ query: ofCharges }),
    api.listApiKeys({ query: { limit: KEYS_MAX } }),
    pageMessages(event, 'usage'),
  ])
  return { usage, charges, keys: keys.items, messages, filter }
}
