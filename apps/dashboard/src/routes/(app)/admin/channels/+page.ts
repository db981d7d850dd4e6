import { createApi } from '#lib/api/create-api.ts'
import { pageWords } from '#lib/i18n/page-words.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => {
  const [{ items }, words] = await Promise.all([
    createApi(event.fetch).listChannels(),
    pageWords(event, 'admin-channels'),
  ])
  return { ...event.data, channels: items, words, creating: event.url.searchParams.has('new') }
}
