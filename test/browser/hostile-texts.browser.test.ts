import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { launchBrowser } from './harness/browser.ts'
import { submitPrompt, tokenOf } from './harness/seed.ts'
import type { HostileThings } from './harness/seed-hostile.ts'
import { seedHostile, hostileModel } from './harness/seed-hostile.ts'
import { hostileText, hostileTexts } from './harness/hostile-texts.ts'
import type { Installation } from './harness/installation.ts'
import { ADMIN, startInstallation } from './harness/installation.ts'
import type { BrowserUser } from './harness/browser-user.ts'
import { arrive, desk, phone, signIn } from './harness/browser-user.ts'

type Places = Record<string, (things: HostileThings) => string[]>

const written = encodeURIComponent(hostileTexts.quoted)

const ofUser: Places = {
  overview: () => ['/'],
  studio: () => ['/studio'],
  gallery: () => ['/gallery', `/gallery?q=${written}&model=${written}`],
  'each picture': ({ tasks }) => tasks.map((id) => `/gallery/${id}`),
  keys: ({ keys }) => ['/keys', `/keys?edit=${keys[0]}`, `/keys?edit=${keys[4]}`],
  usage: () => ['/usage', `/usage?model=${written}`],
  'each charge': ({ tasks }) => tasks.map((id) => `/usage/charges/${id}`),
  ledger: () => ['/ledger'],
  account: () => ['/account'],
  'addresses that are none': () => [`/${written}`, `/gallery/${written}`, `/keys?edit=${written}`],
}

const ofOperator: Places = {
  overview: () => ['/admin'],
  userTexts: ({ users }) => [
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
  'addresses that are none': () => [
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
  { who: 'the person', navItems: ofUser, account: () => things.user },
  { who: 'an operator', navItems: ofOperator, account: () => ADMIN },
])('what anybody wrote stays text for $who', ({ navItems, account }) => {
  let visitor: BrowserUser

  beforeAll(async () => {
    visitor = await arrive(browser, { baseUrl: installation.baseUrl })
    await signIn(visitor.page, account())
  })
  afterAll(() => visitor?.leave())

  test.each(Object.entries(navItems))('on %s', async (_name, pathsOf) => {
    for (const path of pathsOf(things)) await expectHarmless(visitor, path)
  })
})

// What stands out of the page, when the page scrolls sideways. Text, because the browser runs it.
const TOO_WIDE = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement
  if (scrollWidth <= clientWidth) return []
  return [...document.body.querySelectorAll('*')]
    .filter((element) => element.getBoundingClientRect().right > clientWidth)
    .map((element) => element.outerHTML.slice(0, 120))
})()`

/** Nothing ran, nothing tried to, and the page has kept its shape, at a desk and on a phone. */
async function expectHarmless({ page, complaints }: BrowserUser, path: string): Promise<void> {
  const before = complaints().length
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
  // What waits for a pointer or the focus has had both.
  await page.evaluate(`for (const element of document.querySelectorAll('main *')) {
    element.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }))
  }`)
  const made = await page.evaluate(`document.querySelectorAll(
    'img[src="x"], svg[onload], [onerror], [onfocus], [onmouseover], a[href^="javascript:" i], base, iframe, object, embed',
  ).length`)
  expect(made, `${path} made elements of text`).toBe(0)
  expect(await page.evaluate('window.hostile'), `${path} ran a script`).toBeUndefined()
  // An address that is none is told by the browser, too.
  const said = complaints().slice(before)
  expect(
    said.filter((one) => !/status of 40[04]/.test(one)),
    path,
  ).toEqual([])
}

test('a file with a hostile name is only a file, and one that is no picture is refused', async () => {
  const { page, complaints, leave } = await arrive(browser, { baseUrl: installation.baseUrl })
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
  expect(complaints().filter((one) => one.includes('CSP') || one.includes('script:'))).toEqual([])
  await leave()
})

test.each(['image/svg+xml', 'image/png', 'text/html'])(
  'a drawing that is a program is refused as %s, at the API too',
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

test('pictures are pictures and nothing else, wherever they are opened', async () => {
  const as = await tokenOf(installation, things.user)
  const [id = ''] = things.tasks
  const task = await submitPrompt<{ pictures: { url: string | null }[] }>(
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

test('a channel that is no address of the web is refused', async () => {
  const as = await tokenOf(installation, ADMIN)
  for (const base_url of [hostileTexts.link, 'file:///etc/passwd', hostileTexts.image])
    await expect(
      submitPrompt(installation, 'createChannel', {
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
  'a sign-in leads nowhere else: %s',
  async (next) => {
    const { page, leave } = await arrive(browser, { baseUrl: installation.baseUrl })
    await page.goto(`/login?next=${encodeURIComponent(next)}`)
    await page.locator('input[name="email"]').fill(things.user.email)
    await page.locator('input[name="password"]').fill(things.user.password)
    await page.locator('form button[type="submit"]').click()
    await page.waitForURL((url) => !url.pathname.startsWith('/login'))
    expect(new URL(page.url()).origin).toBe(new URL(installation.baseUrl).origin)
    expect(await page.evaluate('window.hostile')).toBeUndefined()
    await leave()
  },
)

test('a prompt is asked for again as it was, and runs no more the second time', async () => {
  const { page, complaints, leave } = await arrive(browser, { baseUrl: installation.baseUrl })
  await signIn(page, things.user)
  await page.goto('/studio')
  await page.locator('textarea').first().fill(hostileText)
  expect(await page.locator('textarea').first().inputValue()).toContain(hostileTexts.ends)
  expect(await page.evaluate('window.hostile')).toBeUndefined()
  expect(complaints().filter((one) => one.includes('CSP'))).toEqual([])
  await leave()
})
