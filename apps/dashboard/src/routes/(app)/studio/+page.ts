import { createApi } from '#lib/api/create-api.ts'
import { loadWords } from '#lib/i18n/load-words.ts'

import type { PageLoad } from './$types.js'

/** The newest tasks; older ones are in the gallery. */
const TASKS_SHOWN_MAX = 20

export const load: PageLoad = async ({ fetch, parent }) => {
  const api = createApi(fetch)
  const answers = Promise.all([
    api.listImageModels(),
    api.listImages({ query: { limit: TASKS_SHOWN_MAX } }),
  ])
  const { language } = await parent()
  const words = Promise.all([loadWords(language, 'studio'), loadWords(language, 'pictures')])
  const [[models, tasks], [studio, pictures]] = await Promise.all([answers, words])
  return { models: models.images, tasks, words: studio, pictures }
}
