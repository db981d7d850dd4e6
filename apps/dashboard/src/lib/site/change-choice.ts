import { invalidate } from '$app/navigation'

import { SITE_CHOICE, choiceCookie } from './site-choice.ts'
import type { SiteChoice } from './site-choice.ts'

/** Stores a setting and applies it immediately. Browser only; the page keeps its state. */
export async function changeChoice(change: Partial<SiteChoice>): Promise<void> {
  storeChoice(change)
  if (change.theme) document.documentElement.dataset['theme'] = change.theme
  await invalidate(SITE_CHOICE)
}

/** Stores a setting for the next request. Browser only. */
export function storeChoice(change: Partial<SiteChoice>): void {
  const secure = location.protocol === 'https:'
  for (const name of ['language', 'theme', 'zone', 'rail'] as const) {
    const value = change[name]
    if (value !== undefined) document.cookie = choiceCookie(name, { value, secure })
  }
}
