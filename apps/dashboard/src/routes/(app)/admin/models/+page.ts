import { createApi } from '#lib/api/create-api.ts'
import { pageMessages } from '#lib/i18n/page-messages.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const [{ items }, messages] = await Promise.all([
    createApi(event.fetch).listModels(),
    pageMessages(event, 'admin-models'),
  ])
  return { models: items, messages }
}
