import { loadMessages } from '#lib/i18n/load-messages.ts'

import type { LayoutLoad } from './$types.js'

export const load: LayoutLoad = async ({ data }) => ({
  ...data,
  common: await loadMessages(data.language, 'everywhere'),
})
