import { error } from '@sveltejs/kit'
import { loadMessages } from '#lib/i18n/load-messages.ts'

import type { PageLoad } from './$types.js'

/** For developers: every component in every state. Nowhere in production, and not in its bundles. */
export const load: PageLoad = async ({ parent }) => {
  // One expression, so that a build sees that nothing asks for the showroom.
  const showroom = import.meta.env.DEV ? await import('./Showroom.svelte') : undefined
  if (!showroom) error(404, { message: 'Not found' })
  const { language } = await parent()
  return { Showroom: showroom.default, shell: await loadMessages(language, 'shell') }
}
