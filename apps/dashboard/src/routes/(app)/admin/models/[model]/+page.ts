import { pageWords } from '#lib/i18n/page-words.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => ({
  ...event.data,
  words: await pageWords(event, 'admin-models'),
})
