import { isLongRun } from '@sluice/testkit/long-run'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { seriousFindings } from './harness/accessibility.ts'
import { launchBrowser } from './harness/browser.ts'
import { seed, REFUSED_PROMPT } from './harness/seed.ts'
import type { SeededIds } from './harness/seed.ts'
import type { Installation } from './harness/installation.ts'
import { ADMIN, startInstallation } from './harness/installation.ts'
import type { BrowserSession } from './harness/browser-session.ts'
import { openBrowserSession, desk, phone, signIn } from './harness/browser-session.ts'
import { saveScreenshot } from './harness/screenshots.ts'
import { settle } from './harness/settle.ts'

/** Every page of the panel; the admin may see all of them. */
const pages: Record<string, (things: SeededIds) => string> = {
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

// Each theme and each size once; the long run has all combinations.
const looks = (
  [
    { colours: 'light', device: 'desk', viewport: desk, long: false },
    { colours: 'dark', device: 'desk', viewport: desk, long: true },
    { colours: 'light', device: 'phone', viewport: phone, long: true },
    { colours: 'dark', device: 'phone', viewport: phone, long: false },
  ] as const
).filter(({ long }) => isLongRun || !long)

let installation: Installation
let browser: Browser
let things: SeededIds

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

describe.each(looks)('$colours on a $device', ({ colours, device, viewport }) => {
  let session: BrowserSession

  beforeAll(async () => {
    session = await openBrowserSession(browser, {
      baseUrl: installation.baseUrl,
      colours,
      viewport,
    })
    await saveLogin(session, `login-${device}-${colours}`)
    await signIn(session.page, ADMIN)
  })
  afterAll(() => session.close())

  test.each(Object.entries(pages))('%s', async (name, addressOf) => {
    const { page } = session
    const before = session.browserErrors().length
    await page.goto(addressOf(things), { waitUntil: 'load' })
    await page.locator('h1').first().waitFor()
    await settle(session.page)
    await saveScreenshot(page, `${name}-${device}-${colours}`)
    expect(await seriousFindings(page)).toEqual([])
    expect(await sidewaysPixels(session), 'scrolls sideways').toBe(0)
    const browserErrors = session.browserErrors().slice(before)
    expect(browserErrors.filter((one) => name !== 'missing' || !one.includes('404'))).toEqual([])
  })
})

test('all pages are rendered in Chinese', async () => {
  const session = await openBrowserSession(browser, {
    baseUrl: installation.baseUrl,
    language: 'zh',
  })
  await saveLogin(session, 'login-desk-zh')
  await signIn(session.page, ADMIN)
  for (const [name, addressOf] of Object.entries(pages)) {
    await session.page.goto(addressOf(things), { waitUntil: 'load' })
    await settle(session.page)
    await saveScreenshot(session.page, `${name}-desk-zh`)
    expect(await session.page.locator('html').getAttribute('lang'), name).toBe('zh-CN')
    expect(await session.page.locator('h1').first().innerText(), name).not.toBe('')
  }
  await session.close()
})

async function saveLogin({ page }: BrowserSession, name: string): Promise<void> {
  await page.goto('/login')
  await saveScreenshot(page, name)
  expect(await seriousFindings(page)).toEqual([])
}

async function sidewaysPixels({ page }: BrowserSession): Promise<unknown> {
  return page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
}
