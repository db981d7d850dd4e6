import { pageMessages } from '#lib/i18n/page-messages.ts'

import type { PageLoad } from './$types.js'

export const load: PageLoad = async (event) => ({
  ...event.data,
  messages: await pageMessages(event, 'admin-models'),
})
