import { expect } from 'vitest'

import { ADMIN_EMAIL, PASSWORD } from '../auth-matrix/fixture.ts'
import type { Context } from '../harness/context.ts'
import type { Visit } from './visit.ts'
import { cookieOf, sendLogin, visit } from './visit.ts'

const ADMIN = { email: ADMIN_EMAIL, password: PASSWORD }

/**
 * Pages redirect to the login form without a session; after the form's sign-in they are shown and private.
 */
export async function signInByForm({ running }: Context): Promise<void> {
  const anonymous = await visit(running, '/keys')
  expect([anonymous.status, anonymous.headers.location]).toEqual([303, '/login?next=%2Fkeys'])
  const form = await visit(running, '/login?next=%2Fkeys')
  expect(form.status).toBe(200)
  expect(form.text).toMatch(/<form[^>]*method="POST"/)

  const refused = await sendLogin(running, { ...ADMIN, password: 'not the pass phrase' })
  expect(refused.status).toBe(401)
  expect(cookieOf(refused)).toBe('')
  expect(refused.text).toContain(ADMIN_EMAIL)
  expect(refused.text).not.toContain('not the pass phrase')

  const signedIn = await sendLogin(running, ADMIN)
  expect([signedIn.status, signedIn.headers.location]).toEqual([303, '/'])
  const cookie = cookieOf(signedIn)
  expect(cookie).toMatch(/sluice_session=\S{20,}/)
  const page = await visit(running, '/account', { headers: { cookie } })
  expect(page.status).toBe(200)
  expect(page.text).toContain(ADMIN_EMAIL)
  expectHardened(page)
  // The session token is in no page, where a script could read it.
  expect(page.text).not.toContain(cookie.split('=')[1])
}

/** Expects a strict Content-Security-Policy and private caching. */
function expectHardened({ headers, text }: Visit): void {
  const policy = String(headers['content-security-policy'])
  const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? ''
  expect(nonce.length).toBeGreaterThanOrEqual(16)
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("frame-ancestors 'none'")
  const scripts = /script-src ([^;]*)/.exec(policy)?.[1] ?? ''
  expect(scripts).not.toMatch(/unsafe|https?:|\*/)
  const inline = [...text.matchAll(/<script(?![^>]*\bsrc=)([^>]*)>/g)]
  expect(inline.length).toBeGreaterThan(0)
  // Scripts need the nonce; JSON is not executed.
  for (const [tag] of inline)
    expect(tag.includes(`nonce="${nonce}"`) || tag.includes('type="application/json"'), tag).toBe(
      true,
    )
  expect(text).not.toMatch(/<[^>]+\son\w+=/)
  expect(headers).toMatchObject({
    'content-type': expect.stringMatching(/^text\/html/),
    'cache-control': 'private, no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
  })
}

/** Each page has its own nonce, so that a nonce of a cached page cannot be used in another. */
export async function freshNonces({ running }: Context): Promise<void> {
  const policies = await Promise.all([visit(running, '/login'), visit(running, '/login')])
  const nonces = policies.map(({ headers }) => String(headers['content-security-policy']))
  expect(new Set(nonces).size).toBe(2)
}

/** Files of the build are compressed and immutable. */
export async function staticFiles({ running }: Context): Promise<void> {
  const { text } = await visit(running, '/login')
  const found = text.match(/\/?_app\/immutable\/[\w./-]+\.(?:js|css)/g) ?? []
  const paths = [...new Set(found.map((path) => `/${path.replace(/^\//, '')}`))]
  expect(paths.some((path) => path.endsWith('.js'))).toBe(true)
  expect(paths.some((path) => path.endsWith('.css'))).toBe(true)
  for (const path of paths) {
    const file = await visit(running, path)
    expect(file.status, path).toBe(200)
    expect(file.headers, path).toMatchObject({
      'cache-control': 'max-age=31536000, immutable',
      'content-type': expect.stringMatching(/^text\/(javascript|css)/),
      'x-content-type-options': 'nosniff',
    })
    if (file.text.length > 2_000) {
      expect(file.headers['content-encoding'], path).toBe('br')
      expect(file.transferredBytes).toBeLessThan(file.text.length)
    }
  }
  const older = await visit(running, '/_app/immutable/entry/start.0ldBu1ld.js')
  expect(older.status).toBe(404)
  expect(String(older.headers['cache-control'])).not.toContain('immutable')
}

/** An unknown address gets a 404 page; one of the API gets the error envelope. */
export async function missingPage({ running }: Context): Promise<void> {
  const cookie = cookieOf(await sendLogin(running, ADMIN))
  const page = await visit(running, '/there-is-no-such-page', { headers: { cookie } })
  expect(page.status).toBe(404)
  expectHardened(page)
  for (const path of ['/v1/nothing', '/api/nothing']) {
    const answer = await visit(running, path, { headers: { cookie } })
    expect(answer.status).toBe(404)
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'not_found' } })
  }
}

/** A login form sent by another site is refused and sets no cookie. */
export async function crossSiteForm({ running }: Context): Promise<void> {
  const crossSite: Record<string, string>[] = [
    { origin: 'https://evil.test' },
    { origin: 'null' },
    { origin: `${running.baseUrl}.evil.test` },
    { origin: 'https://evil.test', 'x-sveltekit-action': 'true', accept: 'application/json' },
    { origin: 'https://evil.test', 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https' },
  ]
  for (const headers of crossSite) {
    const answer = await sendLogin(running, ADMIN, { headers })
    expect(answer.status, JSON.stringify(headers)).toBe(403)
    expect(answer.headers['set-cookie']).toBeUndefined()
  }
}

/**
 * Forms that are expensive to parse require a session; forms without one, and in other formats, are not
 * parsed.
 */
export async function unauthenticatedForms({ running }: Context): Promise<void> {
  const heavy = new URLSearchParams({ models: '= '.repeat(50_000), name: 'x' }).toString()
  // Twenty lists, each of eight references to the next: 8^20 elements when expanded.
  const lists = Array.from({ length: 20 }, (_, at) => JSON.stringify(Array(8).fill(at + 3)))
  const bomb = new URLSearchParams({
    __superform_json: `[{"email":1},2,${lists.join(',')},"end"]`,
  }).toString()
  for (const path of ['/admin/channels', '/keys', '/account', '/admin/users']) {
    const answer = await post(running, path, heavy)
    expect(answer.status, path).toBe(303)
    expect(answer.headers.location, path).toBe(`/login?next=${encodeURIComponent(path)}`)
  }
  const login = await post(running, '/login', bomb)
  expect(login.status).toBe(400)
}

function post(running: Context['running'], path: string, body: string) {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    origin: new URL(running.baseUrl).origin,
  }
  return visit(running, path, { method: 'POST', headers, body })
}

/**
 * Password guesses count for the connection's address, whatever headers claim; other addresses are not
 * delayed.
 */
export async function guessesCounted({ running }: Context): Promise<void> {
  const guess = (n: number, from: string) =>
    sendLogin(
      running,
      { email: `guess-${n}@matrix.test`, password: 'not a pass phrase' },
      {
        from,
        headers: {
          'x-forwarded-for': `203.0.113.${n}`,
          'x-sluice-caller': `203.0.113.${n} ${Date.now().toString(36)} ${'A'.repeat(43)}`,
        },
      },
    )
  const flood = Array.from({ length: 30 }, (_, n) => guess(n, '127.0.0.9'))
  const elsewhere = await sendLogin(running, ADMIN, { from: '127.0.0.10' })
  expect(elsewhere.status).toBe(303)
  const statuses = (await Promise.all(flood)).map(({ status }) => status)
  // Ten failures are allowed immediately and four may wait; more become available over time.
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(10)
  expect((await sendLogin(running, ADMIN, { from: '127.0.0.9' })).status).toBe(303)
}
