import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { queryDatabase } from '../harness/ledger.ts'
import { browse, signInByCookie } from './browser-like.ts'

const json = { 'content-type': 'application/json' }
const keyNamed = (name: string) => JSON.stringify({ name })

/** A change with the cookie is accepted from the gateway's own origin only. */
export async function crossSiteChange(context: Context): Promise<void> {
  const { cookie } = await signInByCookie(context)
  const make = (headers: Record<string, string>, name: string) =>
    browse(context, '/api/user/apikeys', {
      method: 'POST',
      headers: { cookie, ...json, ...headers },
      body: keyNamed(name),
    })
  const crossSite: Record<string, string>[] = [
    { origin: 'https://evil.test' },
    { origin: 'null' },
    { origin: `${context.running.baseUrl}.evil.test` },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { referer: `${context.running.baseUrl}/keys` },
    {},
  ]
  for (const headers of crossSite) {
    const answer = await make(headers, 'forged')
    expect(answer.status, JSON.stringify(headers)).toBe(403)
    expect(await answer.json()).toMatchObject({ error: { code: 'cross_site_refused' } })
  }
  expect(await queryDatabase(context, `select 1 from api_keys where name = 'forged'`)).toEqual([])

  const sameOrigin = await make({ origin: context.running.baseUrl }, 'ours')
  expect(sameOrigin.status).toBe(201)
  const bySecFetchSite = await make({ 'sec-fetch-site': 'same-origin' }, 'ours as well')
  expect(bySecFetchSite.status).toBe(201)
}

/** A form cannot send JSON, and the content types that it can send are refused. */
export async function formTypes(context: Context): Promise<void> {
  const { cookie } = await signInByCookie(context)
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    const answer = await browse(context, '/api/user/apikeys', {
      method: 'POST',
      headers: { cookie, 'content-type': type, origin: context.running.baseUrl },
      body: keyNamed('by form'),
    })
    expect(answer.status, type).toBe(415)
  }
}

/** A login from a page of another site is refused and sets no cookie. */
export async function crossSiteLogin(context: Context): Promise<void> {
  const answer = await browse(context, '/api/auth/login', {
    method: 'POST',
    headers: { ...json, origin: 'https://evil.test' },
    body: JSON.stringify({ email: 'eve@evil.test', password: 'not a password' }),
  })
  expect(answer.status).toBe(403)
  expect(answer.headers.getSetCookie()).toEqual([])
}

/** No answer of /api has CORS headers, so no page of another site can read it. */
export async function noCors(context: Context): Promise<void> {
  const { cookie } = await signInByCookie(context)
  const headers = {
    cookie,
    origin: 'https://evil.test',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type',
  }
  const paths = ['/api/me', '/api/site', '/api/openapi.json', '/api/auth/login', '/api/nothing']
  for (const method of ['OPTIONS', 'GET', 'HEAD']) {
    for (const path of paths) {
      const answer = await browse(context, path, { method, headers })
      await answer.arrayBuffer()
      const cors = [...answer.headers.keys()].filter((name) => name.startsWith('access-control-'))
      expect(cors, `${method} ${path}`).toEqual([])
    }
  }
}

/** Sessions are valid for /api only, and API keys for /v1 only. */
export async function originsApart(context: Context): Promise<void> {
  const { cookie } = await signInByCookie(context)
  const withCookie = await browse(context, '/v1/models', { headers: { cookie } })
  expect(withCookie.status).toBe(401)
  const withKey = await browse(context, '/api/me', {
    headers: { authorization: `Bearer ${context.running.apiKey}` },
  })
  expect(withKey.status).toBe(401)
  expect(await withKey.json()).toMatchObject({ error: { code: 'invalid_session' } })
}
