import { createApi } from '#lib/api/create-api.ts'
import { pageMessages } from '#lib/i18n/page-messages.ts'

import type { PageLoad } from './$types.js'

/** Number of newest tasks; older ones are in the gallery. */
const TASKS_SHOWN_MAX = 12

export const load: PageLoad = async (event) => {
  const api = createApi(event.fetch)
  const [models, tasks, messages, pictures] = await Promise.all([
    api.listImageModels(),
    api.listImages({ query: { limit: TASKS_SHOWN_MAX } }),
    pageMessages(event, 'studio'),
    pageMessages(event, 'pictures'),
  ])
  return { models: models.images, tasks, messages, pictures }
}
