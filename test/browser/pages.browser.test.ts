import { isLongRun } from '@sluice/testkit/long-run'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { seriousFindings } from './harness/accessibility.ts'
import { launchBrowser } from './harness/browser.ts'
import { furnish, REFUSED_PROMPT } from './harness/furnish.ts'
import type { Furniture } from './harness/furnish.ts'
import type { House } from './harness/house.ts'
import { ADMIN, startHouse } from './harness/house.ts'
import type { Person } from './harness/person.ts'
import { arrive, desk, phone, signIn } from './harness/person.ts'
import { keepScreenshot } from './harness/screenshots.ts'
import { settle } from './harness/settle.ts'

/** Every page of the panel, for somebody who may see all of them. */
const pages: Record<string, (things: Furniture) => string> = {
  welcome: () => '/welcome',
  overview: () => '/',
  studio: () => '/studio',
  gallery: () => '/gallery',
  'gallery-picture': ({ picture }) => `/gallery/${picture}`,
  'gallery-failed': ({ failedPicture }) => `/gallery/${failedPicture}`,
  keys: () => '/keys',
  'keys-new': () => '/keys?new=1',
  'keys-edit': ({ key }) => `/keys?edit=${key}`,
  usage: () => '/usage',
  charge: ({ picture }) => `/usage/charges/${picture}`,
  ledger: () => '/ledger',
  account: () => '/account',
  admin: () => '/admin',
  'admin-users': () => '/admin/users',
  'admin-user': ({ user }) => `/admin/users/${user}`,
  'admin-users-new': () => '/admin/users?new=1',
  'admin-channels': () => '/admin/channels',
  'admin-channel': ({ channel }) => `/admin/channels/${channel}`,
  'admin-channels-new': () => '/admin/channels?new=1',
  'admin-models': () => '/admin/models',
  'admin-model': () => '/admin/models/gpt-image-2',
  'admin-images': () => '/admin/images',
  'admin-image': ({ picture }) => `/admin/images/${picture}`,
  missing: () => '/there-is-no-such-page',
}

// Each theme and each size; the long run combines them.
const looks = (
  [
    { colours: 'light', place: 'desk', viewport: desk, long: false },
    { colours: 'dark', place: 'desk', viewport: desk, long: true },
    { colours: 'light', place: 'phone', viewport: phone, long: true },
    { colours: 'dark', place: 'phone', viewport: phone, long: false },
  ] as const
).filter(({ long }) => isLongRun || !long)

let house: House
let browser: Browser
let things: Furniture

beforeAll(async () => {
  house = await startHouse()
  house.simulator.script({
    match: { promptIncludes: REFUSED_PROMPT },
    times: null,
    act: { kind: 'status', status: 400, code: 'moderation_blocked', message: 'refused' },
  })
  things = await furnish(house)
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await house?.stop()
})

describe.each(looks)('$colours on a $place', ({ colours, place, viewport }) => {
  let person: Person

  beforeAll(async () => {
    person = await arrive(browser, { baseUrl: house.baseUrl, colours, viewport })
    await keepLogin(person, `login-${place}-${colours}`)
    await signIn(person.page, ADMIN)
  })
  afterAll(() => person.leave())

  test.each(Object.entries(pages))('%s', async (name, addressOf) => {
    const { page } = person
    const before = person.complaints().length
    await page.goto(addressOf(things), { waitUntil: 'load' })
    await page.locator('h1').first().waitFor()
    await settle(person.page)
    await keepScreenshot(page, `${name}-${place}-${colours}`)
    expect(await seriousFindings(page)).toEqual([])
    expect(await sidewaysPixels(person), 'scrolls sideways').toBe(0)
    const complaints = person.complaints().slice(before)
    expect(complaints.filter((one) => name !== 'missing' || !one.includes('404'))).toEqual([])
  })
})

test('the same pages in Chinese leave nothing in English untold', async () => {
  const person = await arrive(browser, { baseUrl: house.baseUrl, language: 'zh' })
  await keepLogin(person, 'login-desk-zh')
  await signIn(person.page, ADMIN)
  for (const [name, addressOf] of Object.entries(pages)) {
    await person.page.goto(addressOf(things), { waitUntil: 'load' })
    await settle(person.page)
    await keepScreenshot(person.page, `${name}-desk-zh`)
    expect(await person.page.locator('html').getAttribute('lang'), name).toBe('zh-CN')
    expect(await person.page.locator('h1').first().innerText(), name).not.toBe('')
  }
  await person.leave()
})

async function keepLogin({ page }: Person, name: string): Promise<void> {
  await page.goto('/login')
  await keepScreenshot(page, name)
  expect(await seriousFindings(page)).toEqual([])
}

async function sidewaysPixels({ page }: Person): Promise<unknown> {
  return page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
}
