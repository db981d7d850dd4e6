import { createApi } from '#lib/api/create-api.ts'
import { pageMessages } from '#lib/i18n/page-messages.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const [job, messages] = await Promise.all([
    createApi(event.fetch).getAnyImage({ params: { id: event.params.id } }),
    pageMessages(event, 'admin-images'),
  ])
  return { job, messages }
}
