import type { Browser, Cookie } from 'playwright-core'

import { submitPrompt, tokenOf, untilEnded } from './seed.ts'
import type { Installation } from './installation.ts'
import { ADMIN } from './installation.ts'
import { arrive, signIn } from './browser-user.ts'

/** The cookies of somebody who has drawn: who has not is led from the overview to the welcome page. */
export async function cookiesOfPainter(
  browser: Browser,
  installation: Installation,
): Promise<Cookie[]> {
  const as = await tokenOf(installation, ADMIN)
  const body = { model: 'gpt-image-2', prompt: 'a heron on scales', quality: 'low' }
  const { id } = await submitPrompt<{ id: string }>(installation, 'createImages', { as, body })
  await untilEnded(installation, { as, id })
  const user = await arrive(browser, { baseUrl: installation.baseUrl })
  await signIn(user.page, ADMIN)
  const cookies = await user.context.cookies()
  await user.leave()
  return cookies
}
