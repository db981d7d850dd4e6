import { invalidate } from '$app/navigation'

import { SITE_CHOICE, choiceCookie } from '../site/site-choice.ts'

/** The person has seen the welcome page in this browser; the overview leads there no more. */
export async function rememberWelcome(): Promise<void> {
  const secure = location.protocol === 'https:'
  document.cookie = choiceCookie('welcomed', { value: '1', secure })
  await invalidate(SITE_CHOICE)
}
