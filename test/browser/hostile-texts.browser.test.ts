import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { launchBrowser } from './harness/browser.ts'
import { callControlApi, tokenOf } from './harness/seed.ts'
import type { HostileThings } from './harness/seed-hostile.ts'
import { seedHostile, hostileModel } from './harness/seed-hostile.ts'
import { hostileText, hostileTexts } from './harness/hostile-texts.ts'
import type { Installation } from './harness/installation.ts'
import { ADMIN, startInstallation } from './harness/installation.ts'
import type { BrowserSession } from './harness/browser-session.ts'
import { openBrowserSession, desk, phone, signIn } from './harness/browser-session.ts'

type PagePaths = Record<string, (things: HostileThings) => string[]>

const written = encodeURIComponent(hostileTexts.quoted)

const ofUser: PagePaths = {
  overview: () => ['/'],
  studio: () => ['/studio'],
  gallery: () => ['/gallery', `/gallery?q=${written}&model=${written}`],
  'each picture': ({ tasks }) => tasks.map((id) => `/gallery/${id}`),
  keys: ({ keys }) => ['/keys', `/keys?edit=${keys[0]}`, `/keys?edit=${keys[4]}`],
  usage: () => ['/usage', `/usage?model=${written}`],
  'each charge': ({ tasks }) => tasks.map((id) => `/usage/charges/${id}`),
  ledger: () => ['/ledger'],
  account: () => ['/account'],
  'invalid paths': () => [`/${written}`, `/gallery/${written}`, `/keys?edit=${written}`],
}

const ofOperator: PagePaths = {
  overview: () => ['/admin'],
  users: ({ users }) => [
    '/admin/users',
    `/admin/users?q=${written}`,
    ...users.map((id) => `/admin/users/${id}`),
  ],
  channels: ({ channels }) => ['/admin/channels', ...channels.map((id) => `/admin/channels/${id}`)],
  models: () => ['/admin/models', `/admin/models/${encodeURIComponent(hostileModel)}`],
  images: ({ tasks }) => [
    '/admin/images',
    `/admin/images?user=${written}&model=${written}`,
    ...tasks.map((id) => `/admin/images/${id}`),
  ],
  'invalid paths': () => [
    `/admin/models/${written}`,
    `/admin/users/${written}`,
    `/admin/channels/${written}`,
  ],
}

let installation: Installation
let browser: Browser
let things: HostileThings

beforeAll(async () => {
  installation = await startInstallation()
  things = await seedHostile(installation)
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await installation?.stop()
})

describe.each([
  { who: 'the user', paths: ofUser, account: () => things.user },
  { who: 'an operator', paths: ofOperator, account: () => ADMIN },
])('user input is rendered as text for $who', ({ paths, account }) => {
  let session: BrowserSession

  beforeAll(async () => {
    session = await openBrowserSession(browser, { baseUrl: installation.baseUrl })
    await signIn(session.page, account())
  })
  afterAll(() => session?.close())

  test.each(Object.entries(paths))('on %s', async (_name, pathsOf) => {
    for (const path of pathsOf(things)) await expectHarmless(session, path)
  })
})

// The elements that make the page scroll sideways. A string, because it runs in the browser.
const TOO_WIDE = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement
  if (scrollWidth <= clientWidth) return []
  return [...document.body.querySelectorAll('*')]
    .filter((element) => element.getBoundingClientRect().right > clientWidth)
    .map((element) => element.outerHTML.slice(0, 120))
})()`

/** No script ran or was blocked, and the page does not scroll sideways, on a desktop and on a phone. */
async function expectHarmless(
  { page, browserErrors }: BrowserSession,
  path: string,
): Promise<void> {
  const before = browserErrors().length
  await page.setViewportSize(desk)
  await page.goto(path, { waitUntil: 'load' })
  await page.locator('h1').first().waitFor()
  for (const viewport of [desk, phone]) {
    await page.setViewportSize(viewport)
    await page.evaluate(
      'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
    )
    const wide = await page.evaluate(TOO_WIDE)
    expect(wide, `${path} scrolls sideways at ${viewport.width}`).toEqual([])
  }
  // Triggers handlers of pointer events.
  await page.evaluate(`for (const element of document.querySelectorAll('main *')) {
    element.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }))
  }`)
  const made = await page.evaluate(`document.querySelectorAll(
    'img[src="x"], svg[onload], [onerror], [onfocus], [onmouseover], a[href^="javascript:" i], base, iframe, object, embed',
  ).length`)
  expect(made, `${path} created elements from text`).toBe(0)
  expect(await page.evaluate('window.hostile'), `${path} ran a script`).toBeUndefined()
  // The browser also reports 404 and 400 responses of invalid paths.
  const errors = browserErrors().slice(before)
  expect(
    errors.filter((one) => !/status of 40[04]/.test(one)),
    path,
  ).toEqual([])
}

test('a hostile file name runs no script, and a file that is not a picture is refused', async () => {
  const { page, browserErrors, close } = await openBrowserSession(browser, {
    baseUrl: installation.baseUrl,
  })
  await signIn(page, things.user)
  await page.goto('/studio')
  const bytes = Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" onload="window.hostile=1"/>`)
  await page
    .locator('input[type="file"]')
    .first()
    .setInputFiles([
      { name: `${hostileTexts.quoted}.svg`, mimeType: 'image/svg+xml', buffer: bytes },
      { name: `${hostileTexts.image}.png`, mimeType: 'image/png', buffer: bytes },
    ])
  await page.locator('[role="alert"], [role="status"]').first().waitFor({ state: 'attached' })
  expect(await page.evaluate('window.hostile')).toBeUndefined()
  expect(browserErrors().filter((one) => one.includes('CSP') || one.includes('script:'))).toEqual(
    [],
  )
  await close()
})

test.each(['image/svg+xml', 'image/png', 'text/html'])(
  'an SVG with a script is refused by the API as %s',
  async (type) => {
    const as = await tokenOf(installation, things.user)
    const form = new FormData()
    const program = `<svg xmlns="http://www.w3.org/2000/svg"><script>window.hostile=1</script></svg>`
    form.append('image', new File([program], 'a.png', { type }))
    form.append('model', 'gpt-image-2')
    form.append('prompt', 'as it is')
    const answer = await fetch(`${installation.baseUrl}/api/user/images`, {
      method: 'POST',
      headers: { authorization: `Bearer ${as}` },
      body: form,
    })
    expect(answer.status, await answer.text()).toBe(400)
  },
)

test('pictures are served with safe headers and as raster images only', async () => {
  const as = await tokenOf(installation, things.user)
  const [id = ''] = things.tasks
  const task = await callControlApi<{ pictures: { url: string | null }[] }>(
    installation,
    'getImage',
    {
      as,
      params: { id },
    },
  )
  const url = `${installation.baseUrl}${task.pictures[0]?.url}`
  for (const address of [url, `${url}&w=320&format=webp`]) {
    const answer = await fetch(address)
    await answer.arrayBuffer()
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toMatch(/^image\/(png|jpeg|webp)$/)
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
  }
  expect((await fetch(`${url}&format=svg`)).status).toBeGreaterThanOrEqual(400)
})

test('a channel without an http base URL is refused', async () => {
  const as = await tokenOf(installation, ADMIN)
  for (const base_url of [hostileTexts.link, 'file:///etc/passwd', hostileTexts.image])
    await expect(
      callControlApi(installation, 'createChannel', {
        as,
        body: {
          name: 'nowhere',
          dialect: 'openai',
          base_url,
          models: [{ model: 'm', upstream_model: 'm', kinds: ['chat'] }],
          secrets: ['sk-nowhere-at-all'],
        },
      }),
    ).rejects.toThrow(/400/)
})

test.each(['javascript:window.hostile=1', '//evil.test', 'https://evil.test', '/\\evil.test'])(
  'a sign-in never redirects to another site: %s',
  async (next) => {
    const { page, close } = await openBrowserSession(browser, { baseUrl: installation.baseUrl })
    await page.goto(`/login?next=${encodeURIComponent(next)}`)
    await page.locator('input[name="email"]').fill(things.user.email)
    await page.locator('input[name="password"]').fill(things.user.password)
    await page.locator('form button[type="submit"]').click()
    await page.waitForURL((url) => !url.pathname.startsWith('/login'))
    expect(new URL(page.url()).origin).toBe(new URL(installation.baseUrl).origin)
    expect(await page.evaluate('window.hostile')).toBeUndefined()
    await close()
  },
)

test('a hostile prompt stays unchanged in the form and runs no script', async () => {
  const { page, browserErrors, close } = await openBrowserSession(browser, {
    baseUrl: installation.baseUrl,
  })
  await signIn(page, things.user)
  await page.goto('/studio')
  await page.locator('textarea').first().fill(hostileText)
  expect(await page.locator('textarea').first().inputValue()).toContain(hostileTexts.ends)
  expect(await page.evaluate('window.hostile')).toBeUndefined()
  expect(browserErrors().filter((one) => one.includes('CSP'))).toEqual([])
  await close()
})
