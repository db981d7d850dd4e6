import { loadMessages } from '#lib/i18n/load-messages.ts'
import { localPath } from '#lib/paths.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async ({ data, url, parent }) => {
  const { language } = await parent()
  const messages = await loadMessages(language, 'login')
  return { ...data, messages, next: localPath(url.searchParams.get('next')) }
}
