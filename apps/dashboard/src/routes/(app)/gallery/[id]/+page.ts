import { createApi } from '#lib/api/create-api.ts'
import { pageMessages } from '#lib/i18n/page-messages.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const { id } = event.params
  const [task, messages, pictures] = await Promise.all([
    createApi(event.fetch).getImage({ params: { id } }),
    pageMessages(event, 'gallery'),
    pageMessages(event, 'pictures'),
  ])
  return { task, messages, pictures }
}
