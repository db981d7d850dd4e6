import { loadWords } from '#lib/i18n/load-words.ts'

import type { LayoutLoad } from './$types.js'

export const load: LayoutLoad = async ({ data }) => ({
  ...data,
  common: await loadWords(data.language, 'everywhere'),
})
