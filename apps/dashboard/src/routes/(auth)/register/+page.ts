import { loadWords } from '#lib/i18n/load-words.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async ({ data, parent }) => {
  const { language } = await parent()
  return { ...data, words: await loadWords(language, 'login') }
}
