import { loadWords } from '#lib/i18n/load-words.ts'
import { localPath } from '#lib/paths.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async ({ data, url, parent }) => {
  const { language } = await parent()
  const words = await loadWords(language, 'login')
  return { ...data, words, next: localPath(url.searchParams.get('next')) }
}
