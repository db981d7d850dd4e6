import { error } from '@sveltejs/kit'
import { loadMessages } from '#lib/i18n/load-messages.ts'

import type { PageLoad } from './$types.js'

/** For developers: every component in every state. Not in production bundles. */
export const load: PageLoad = async ({ parent }) => {
  // One expression, so that the build removes the showroom.
  const showroom = import.meta.env.DEV ? await import('./Showroom.svelte') : undefined
  if (!showroom) error(404, { message: 'Not found' })
  const { language } = await parent()
  return { Showroom: showroom.default, shell: await loadMessages(language, 'shell') }
}
