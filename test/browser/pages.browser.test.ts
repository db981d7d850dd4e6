import { isLongRun } from '@sluice/testkit/long-run'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { seriousFindings } from './harness/accessibility.ts'
import { launchBrowser } from './harness/browser.ts'
import { seed, REFUSED_PROMPT } from './harness/seed.ts'
import type { Furniture } from './harness/seed.ts'
import type { Installation } from './harness/installation.ts'
import { ADMIN, startInstallation } from './harness/installation.ts'
import type { BrowserUser } from './harness/browser-user.ts'
import { arrive, desk, phone, signIn } from './harness/browser-user.ts'
import { saveScreenshot } from './harness/screenshots.ts'
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
    { colours: 'light', navItem: 'desk', viewport: desk, long: false },
    { colours: 'dark', navItem: 'desk', viewport: desk, long: true },
    { colours: 'light', navItem: 'phone', viewport: phone, long: true },
    { colours: 'dark', navItem: 'phone', viewport: phone, long: false },
  ] as const
).filter(({ long }) => isLongRun || !long)

let installation: Installation
let browser: Browser
let things: Furniture

beforeAll(async () => {
  installation = await startInstallation()
  installation.simulator.script({
    match: { promptIncludes: REFUSED_PROMPT },
    times: null,
    behaviour: { kind: 'status', status: 400, code: 'moderation_blocked', message: 'refused' },
  })
  things = await seed(installation)
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await installation?.stop()
})

describe.each(looks)('$colours on a $place', ({ colours, navItem, viewport }) => {
  let user: BrowserUser

  beforeAll(async () => {
    user = await arrive(browser, { baseUrl: installation.baseUrl, colours, viewport })
    await saveLogin(user, `login-${navItem}-${colours}`)
    await signIn(user.page, ADMIN)
  })
  afterAll(() => user.leave())

  test.each(Object.entries(pages))('%s', async (name, addressOf) => {
    const { page } = user
    const before = user.complaints().length
    await page.goto(addressOf(things), { waitUntil: 'load' })
    await page.locator('h1').first().waitFor()
    await settle(user.page)
    await saveScreenshot(page, `${name}-${navItem}-${colours}`)
    expect(await seriousFindings(page)).toEqual([])
    expect(await sidewaysPixels(user), 'scrolls sideways').toBe(0)
    const complaints = user.complaints().slice(before)
    expect(complaints.filter((one) => name !== 'missing' || !one.includes('404'))).toEqual([])
  })
})

test('the same pages in Chinese leave nothing in English untold', async () => {
  const user = await arrive(browser, { baseUrl: installation.baseUrl, language: 'zh' })
  await saveLogin(user, 'login-desk-zh')
  await signIn(user.page, ADMIN)
  for (const [name, addressOf] of Object.entries(pages)) {
    await user.page.goto(addressOf(things), { waitUntil: 'load' })
    await settle(user.page)
    await saveScreenshot(user.page, `${name}-desk-zh`)
    expect(await user.page.locator('html').getAttribute('lang'), name).toBe('zh-CN')
    expect(await user.page.locator('h1').first().innerText(), name).not.toBe('')
  }
  await user.leave()
})

async function saveLogin({ page }: BrowserUser, name: string): Promise<void> {
  await page.goto('/login')
  await saveScreenshot(page, name)
  expect(await seriousFindings(page)).toEqual([])
}

async function sidewaysPixels({ page }: BrowserUser): Promise<unknown> {
  return page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
}
