import type { Browser, Cookie } from 'playwright-core'

import { ask, tokenOf, untilEnded } from './furnish.ts'
import type { House } from './house.ts'
import { ADMIN } from './house.ts'
import { arrive, signIn } from './person.ts'

/** The cookies of somebody who has drawn: who has not is led from the overview to the welcome page. */
export async function cookiesOfPainter(browser: Browser, house: House): Promise<Cookie[]> {
  const as = await tokenOf(house, ADMIN)
  const body = { model: 'gpt-image-2', prompt: 'a heron on scales', quality: 'low' }
  const { id } = await ask<{ id: string }>(house, 'createImages', { as, body })
  await untilEnded(house, { as, id })
  const person = await arrive(browser, { baseUrl: house.baseUrl })
  await signIn(person.page, ADMIN)
  const cookies = await person.context.cookies()
  await person.leave()
  return cookies
}
