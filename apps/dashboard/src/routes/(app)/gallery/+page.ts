import { createApi } from '#lib/api/create-api.ts'
import { pageMessages } from '#lib/i18n/page-messages.ts'

import { readGalleryQuery } from './gallery-query.ts'
import type { PageLoad } from './$types.js'

const TASKS_PER_PAGE = 30

export const load: PageLoad = async (event) => {
  const filter = readGalleryQuery(event.url.searchParams)
  const query = { ...filter, limit: TASKS_PER_PAGE }
  const api = createApi(event.fetch)
  const [tasks, models, messages, pictures] = await Promise.all([
    api.listImages({ query }),
    api.listImageModels(),
    pageMessages(event, 'gallery'),
    pageMessages(event, 'pictures'),
  ])
  return {
    tasks,
    query,
    isFiltered: Object.keys(filter).length > 0,
    models: models.images,
    messages,
    pictures,
  }
}
