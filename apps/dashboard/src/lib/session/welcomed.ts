import { invalidate } from '$app/navigation'

import { SITE_CHOICE, choiceCookie } from '../site/site-choice.ts'

/** Stores that the welcome page was seen in this browser, so that the overview no longer redirects to it. */
export async function rememberWelcome(): Promise<void> {
  const secure = location.protocol === 'https:'
  document.cookie = choiceCookie('welcomed', { value: '1', secure })
  await invalidate(SITE_CHOICE)
}
