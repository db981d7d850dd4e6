import { expect } from 'vitest'

import type { Context } from '../harness/context.ts'
import { queryDatabase } from '../harness/ledger.ts'
import { browse, signInByCookie } from './browser-like.ts'

const json = { 'content-type': 'application/json' }
const keyNamed = (name: string) => JSON.stringify({ name })

/** A change with the cookie must come from our own page; what another site sends changes nothing. */
export async function crossSiteChange(context: Context): Promise<void> {
  const { cookie } = await signInByCookie(context)
  const make = (headers: Record<string, string>, name: string) =>
    browse(context, '/api/user/apikeys', {
      method: 'POST',
      headers: { cookie, ...json, ...headers },
      body: keyNamed(name),
    })
  const strangers: Record<string, string>[] = [
    { origin: 'https://evil.test' },
    { origin: 'null' },
    { origin: `${context.running.baseUrl}.evil.test` },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { referer: `${context.running.baseUrl}/keys` },
    {},
  ]
  for (const headers of strangers) {
    const answer = await make(headers, 'forged')
    expect(answer.status, JSON.stringify(headers)).toBe(403)
    expect(await answer.json()).toMatchObject({ error: { code: 'cross_site_refused' } })
  }
  expect(await queryDatabase(context, `select 1 from api_keys where name = 'forged'`)).toEqual([])

  const ours = await make({ origin: context.running.baseUrl }, 'ours')
  expect(ours.status).toBe(201)
  const told = await make({ 'sec-fetch-site': 'same-origin' }, 'ours as well')
  expect(told.status).toBe(201)
}

/** A form of another site cannot send JSON, and what it can send is not read. */
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

/** Nobody is signed in by another site either: a login that a stranger's page sends is refused. */
export async function crossSiteLogin(context: Context): Promise<void> {
  const answer = await browse(context, '/api/auth/login', {
    method: 'POST',
    headers: { ...json, origin: 'https://evil.test' },
    body: JSON.stringify({ email: 'eve@evil.test', password: 'not a password' }),
  })
  expect(answer.status).toBe(403)
  expect(answer.headers.getSetCookie()).toEqual([])
}

/** No page of another site may read an answer of /api: not one CORS header, whatever is asked. */
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

/** Sessions open /api only, and API keys /v1 only. */
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
