import type { Browser, Cookie } from 'playwright-core'

import { callControlApi, tokenOf, untilEnded } from './seed.ts'
import type { Installation } from './installation.ts'
import { ADMIN } from './installation.ts'
import { openBrowserSession, signIn } from './browser-session.ts'

/** The cookies of a user with a picture; without one the overview redirects to the welcome page. */
export async function cookiesOfTestUser(
  browser: Browser,
  installation: Installation,
): Promise<Cookie[]> {
  const as = await tokenOf(installation, ADMIN)
  const body = { model: 'gpt-image-2', prompt: 'a heron on scales', quality: 'low' }
  const { id } = await callControlApi<{ id: string }>(installation, 'createImages', { as, body })
  await untilEnded(installation, { as, id })
  const session = await openBrowserSession(browser, { baseUrl: installation.baseUrl })
  await signIn(session.page, ADMIN)
  const cookies = await session.context.cookies()
  await session.close()
  return cookies
}
