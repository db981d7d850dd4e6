import { createApi } from '#lib/api/create-api.ts'
import { pageWords } from '#lib/i18n/page-words.ts'

import type { PageLoad } from './$types.js'

/** The newest tasks; older ones are in the gallery. */
const TASKS_SHOWN_MAX = 12

export const load: PageLoad = async (event) => {
  const api = createApi(event.fetch)
  const [models, tasks, words, pictures] = await Promise.all([
    api.listImageModels(),
    api.listImages({ query: { limit: TASKS_SHOWN_MAX } }),
    pageWords(event, 'studio'),
    pageWords(event, 'pictures'),
  ])
  return { models: models.images, tasks, words, pictures }
}
