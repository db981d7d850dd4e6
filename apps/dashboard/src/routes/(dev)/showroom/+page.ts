import { error } from '@sveltejs/kit'
import { dev } from '$app/env'
import { loadWords } from '#lib/i18n/load-words.ts'

import type { PageLoad } from './$types.js'

/** For developers: every component in every state. Nowhere in production, and not in its bundles. */
export const load: PageLoad = async ({ parent }) => {
  if (!dev) error(404, { message: 'Not found' })
  const { language } = await parent()
  const [showroom, shell] = await Promise.all([
    import('./Showroom.svelte'),
    loadWords(language, 'shell'),
  ])
  return { Showroom: showroom.default, shell }
}
