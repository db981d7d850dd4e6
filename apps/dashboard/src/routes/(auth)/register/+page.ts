import { loadMessages } from '#lib/i18n/load-messages.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async ({ data, parent }) => {
  const { language } = await parent()
  return { ...data, messages: await loadMessages(language, 'login') }
}
