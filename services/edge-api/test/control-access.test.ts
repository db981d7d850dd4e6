import { afterEach, describe, expect, it } from 'vitest'

import { id } from './chat/ids.ts'
import { APIKEY } from './chat/fixture.ts'
import type { GatewayContext } from './control-gateway.ts'
import { KEYS, ME, PASSWORD, startGateway, errorOf } from './control-gateway.ts'

let current: GatewayContext | undefined
const open = async (...options: Parameters<typeof startGateway>) =>
  (current = await startGateway(...options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

describe('authentication of the control API', () => {
  it('accepts signed-in users and no API key', async () => {
    const { send, bearer, cookie } = await open()
    const rejected: Record<string, string>[] = [
      {},
      { authorization: `Bearer ${APIKEY}` },
      { 'x-api-key': APIKEY },
      { authorization: 'Basic YWRhOnB3' },
      { ...cookie, authorization: 'Basic YWRhOnB3' },
      { cookie: `${cookie.cookie}x` },
    ]
    for (const headers of rejected) {
      const answer = await send('GET', ME, { headers })
      expect(errorOf(answer), JSON.stringify(headers)).toMatchObject({ code: 'invalid_session' })
      expect(answer.status).toBe(401)
    }
    for (const headers of [bearer, cookie])
      expect((await send('GET', ME, { headers })).status).toBe(200)
  })

  it('checks the permission before it parses the request', async () => {
    const { send, bearer: headers } = await open()
    for (const [method, path] of [
      ['GET', '/api/admin/users?limit=0'],
      ['POST', '/api/admin/channels'],
      ['PATCH', '/api/admin/users/unknown'],
      ['POST', `/api/admin/users/${id('usr', 1)}/credits`],
    ] as const) {
      const answer = await send(method, path, { headers, ...(method !== 'GET' && { body: '{' }) })
      expect(errorOf(answer), path).toMatchObject({ status: 403, code: 'permission_denied' })
    }
  })
})

describe('a change with the session cookie', () => {
  const sent = async (gateway: GatewayContext, headers: Record<string, string>) => {
    const { status, code } = errorOf(
      await gateway.send('POST', KEYS, {
        headers: { ...gateway.cookie, ...headers },
        body: { name: 'k' },
      }),
    )
    return code ?? status
  }

  it('is refused from another origin, or without a header that proves the origin', async () => {
    const gateway = await open()
    const { port } = gateway
    const rejected: Record<string, string>[] = [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `http://127.0.0.1:${port + 1}` },
      { origin: `http://127.0.0.1:${port}.evil.example` },
      { origin: `http://localhost:${port}` },
      { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' },
      { origin: '' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { referer: `${gateway.origin}/keys` },
    ]
    for (const headers of rejected)
      expect(await sent(gateway, headers), JSON.stringify(headers)).toBe('cross_site_refused')
    const list = await gateway.send('GET', KEYS, { headers: gateway.cookie })
    expect(JSON.parse(list.text)).toMatchObject({ items: [] })
  })

  it('is accepted from a page of the same origin', async () => {
    const gateway = await open()
    expect(await sent(gateway, { origin: gateway.origin })).toBe(201)
    expect(await sent(gateway, { 'sec-fetch-site': 'same-origin' })).toBe(201)
    const host = 'SLUICE.example'
    expect(await sent(gateway, { host, origin: 'https://sluice.example' })).toBe(201)
  })

  it('is accepted from the public origin, but not from the same host over HTTP', async () => {
    const gateway = await open(undefined, { config: { publicBaseUrl: 'https://sluice.example/x' } })
    const cookie = { cookie: gateway.cookie.cookie }
    const at = (origin: string, host: string) => sent(gateway, { ...cookie, origin, host })
    expect(await at('https://sluice.example', 'edge:8080')).toBe(201)
    expect(await at('https://sluice.example', 'sluice.example')).toBe(201)
    expect(await at('http://sluice.example', 'sluice.example')).toBe('cross_site_refused')
    expect(await at('http://127.0.0.1:9', '127.0.0.1:9')).toBe(201)
  })

  it('needs no origin with a bearer token, which no browser attaches by itself', async () => {
    const { send, bearer } = await open()
    const headers = { ...bearer, origin: 'https://evil.example' }
    const answer = await send('POST', KEYS, { headers, body: { name: 'k' } })
    expect(answer.status).toBe(201)
  })

  it('is refused from another origin also for sign-in', async () => {
    const { send, port } = await open()
    const body = { email: 'ada@b.test', password: PASSWORD }
    const login = (headers: Record<string, string>) =>
      send('POST', '/api/auth/login', { headers, body })
    const crossOrigin = { origin: 'https://evil.example' }
    for (const headers of [
      crossOrigin,
      { ...crossOrigin, authorization: 'Basic YWRhOnB3' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      const answer = await login(headers)
      expect(errorOf(answer)).toMatchObject({ status: 403, code: 'cross_site_refused' })
      expect(answer.headers['set-cookie']).toBeUndefined()
    }
    for (const headers of [{}, { origin: `http://127.0.0.1:${port}` }])
      expect((await login(headers)).status).toBe(200)
  })
})
