import { createApi } from '#lib/api/create-api.ts'
import { pageMessages } from '#lib/i18n/page-messages.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const api = createApi(event.fetch)
  const [keys, models, messages] = await Promise.all([
    api.listApiKeys(),
    api.listImageModels(),
    pageMessages(event, 'keys'),
  ])
  const { searchParams } = event.url
  const names = [...models.images.map(({ model }) => model), ...models.chat]
  return {
    ...event.data,
    keys,
    messages,
    models: [...new Set(names)].toSorted(),
    editing: searchParams.get('edit') ?? undefined,
    creating: searchParams.has('new'),
  }
}
