import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'

import { afterEach, describe, expect, it } from 'vitest'

import type { Fixture, FixtureOptions } from './fixture.ts'
import { APIKEY, question, createFixture } from './fixture.ts'

let current: Fixture | undefined
const open = async (options?: FixtureOptions) => (current = await createFixture(options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

const ORIGIN = 'https://app.example.org'
const CHAT = '/v1/chat/completions'

/** A cross-origin request as a browser sends it; Node's own client lets a test set any header. */
const fetchFrom = ({ url }: Fixture, path: string, init: RequestInit & { origin?: string } = {}) =>
  fetch(url + path, { ...init, headers: { origin: init.origin ?? ORIGIN, ...init.headers } })

const preflight = (to: Fixture, path: string, origin = ORIGIN) =>
  fetchFrom(to, path, {
    method: 'OPTIONS',
    origin,
    headers: {
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type,x-stainless-os',
    },
  })

const post = (body: object, headers: Record<string, string> = {}) => ({
  method: 'POST',
  body: JSON.stringify(body),
  headers: { authorization: `Bearer ${APIKEY}`, 'content-type': 'application/json', ...headers },
})

const corsOf = (answer: Response) =>
  [...answer.headers].filter(([name]) => name.startsWith('access-control-'))

describe('a page of another origin', () => {
  it('gets a preflight answer from every route of /v1 without a key', async () => {
    const to = await open()
    for (const path of [
      CHAT,
      '/v1/models',
      '/v1/images/edits',
      '/v1/nothing',
      '//v1/models',
      '/models',
    ]) {
      const answer = await preflight(to, path)
      expect(answer.status, path).toBe(204)
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        'access-control-allow-origin': '*',
        'access-control-allow-headers': 'authorization,content-type,x-stainless-os',
        'access-control-allow-methods': expect.stringMatching(/GET.*POST.*DELETE/),
        'access-control-max-age': '7200',
      })
      expect(answer.headers.has('access-control-allow-credentials')).toBe(false)
    }
    expect(to.simulator.log()).toEqual([])
  })

  it('can read JSON answers, streams and errors', async () => {
    const to = await open()
    const cases: [string, RequestInit, number][] = [
      [CHAT, post(question), 200],
      [CHAT, post({ ...question, stream: true }), 200],
      [CHAT, post(question, { authorization: 'Bearer sk-wrong' }), 401],
      [CHAT, post({ ...question, n: 0 }), 400],
      [CHAT, post({ ...question, model: 'nothing' }), 404],
      ['/v1/models', { headers: { authorization: `Bearer ${APIKEY}` } }, 200],
      ['/v1/models', {}, 401],
      ['/v1/images/generations', post({ model: 'x', prompt: 'y' }), 404],
      ['/v1/nothing', post({}), 404],
      ['/chat/completions', post(question), 404],
      [CHAT, {}, 405],
    ]
    for (const [path, init, status] of cases) {
      const answer = await fetchFrom(to, path, init)
      await answer.text()
      expect([path, answer.status]).toEqual([path, status])
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      expect(answer.headers.get('access-control-expose-headers')).toContain('x-request-id')
      expect(answer.headers.get('access-control-expose-headers')).toContain('retry-after')
    }
  })

  it('is allowed by its exact origin where origins are listed', async () => {
    const to = await open({ config: { allowedOrigins: [ORIGIN] } })
    const ours = await fetchFrom(to, CHAT, post(question))
    expect(ours.headers.get('access-control-allow-origin')).toBe(ORIGIN)
    expect(ours.headers.get('vary')).toContain('Origin')
    expect((await preflight(to, CHAT)).headers.get('access-control-allow-origin')).toBe(ORIGIN)
    const foreignOrigins = [
      `${ORIGIN}.evil.test`,
      'http://app.example.org',
      'null',
      `${ORIGIN}:8443`,
    ]
    for (const origin of foreignOrigins) {
      expect(corsOf(await preflight(to, CHAT, origin)), origin).toEqual([])
      const answer = await fetchFrom(to, CHAT, { ...post(question), origin })
      expect([answer.status, corsOf(answer)]).toEqual([200, []])
    }
  })

  it('gets no CORS headers where no origin is allowed, and never for /api', async () => {
    const to = await open({ config: { allowedOrigins: [] } })
    expect(corsOf(await preflight(to, CHAT))).toEqual([])
    await to.close()
    const open2 = await open()
    for (const path of ['/api/me', '//api/me', '/API/me', '/api'])
      expect(corsOf(await preflight(open2, path)), path).toEqual([])
  })
})

describe('an unknown URL', () => {
  it.each([
    ['POST', '//v1/chat/completions', 'POST /v1/chat/completions'],
    ['POST', '/v1//chat/completions', 'POST /v1/chat/completions'],
    ['POST', '/v1/v1/chat/completions', 'POST /v1/chat/completions'],
    ['POST', '/v1/chat/completions/', 'POST /v1/chat/completions'],
    ['POST', '/V1/Chat/Completions', 'POST /v1/chat/completions'],
    ['POST', '/v1%2Fchat%2Fcompletions', 'POST /v1/chat/completions'],
    ['POST', '/chat/completions', 'POST /v1/chat/completions'],
    ['POST', '/api/v1/chat/completions', 'POST /v1/chat/completions'],
    ['POST', '/openai/deployments/gpt-4/chat/completions', 'POST /v1/chat/completions'],
    ['GET', '/chat/completions', 'POST /v1/chat/completions'],
    ['GET', '/models', 'GET /v1/models'],
    ['GET', '/v1beta/models', 'GET /v1/models'],
    ['GET', '/models/gpt-4o', 'GET /v1/models/gpt-4o'],
    ['POST', '/images/generations', 'POST /v1/images/generations'],
    ['GET', '/api//me', 'GET /api/me'],
    ['POST', '/auth/login', 'POST /api/auth/login'],
  ])('%s %s is answered with a suggestion of the right URL', async (method, path, meant) => {
    const { url } = await open({ config: { dashboardUrl: 'http://127.0.0.1:9' } })
    const answer = await fetch(url + path, { method })
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toContain('application/json')
    const full = meant.replace(' ', ` ${url}`)
    expect(await answer.json()).toMatchObject({
      error: { type: 'invalid_request_error', message: expect.stringContaining(`${full}?`) },
    })
  })

  it.each([
    [
      'the public base URL',
      { publicBaseUrl: 'https://ai.example/base/' },
      'https://ai.example/base',
    ],
    [
      'the Host header of the caller, where no public URL is set',
      { publicBaseUrl: 'http://127.0.0.1:1', linkOrigin: 'caller' as const },
      'http://sluice.lan:8080',
    ],
    [
      'the forwarded host behind a trusted proxy',
      { linkOrigin: 'caller' as const, trustedProxyHops: 1 },
      'https://ai.example.org',
    ],
  ])('is answered with a suggestion based on %s', async (_name, config, base) => {
    const { port } = await open({ config })
    const message = async (path: string) => {
      const outgoing = request({
        port,
        path,
        headers: {
          host: 'sluice.lan:8080',
          'x-forwarded-host': 'ai.example.org',
          'x-forwarded-proto': 'https',
        },
      })
      outgoing.end()
      const [answer] = await once(outgoing, 'response')
      return JSON.parse(await text(answer)).error.message
    }
    expect(await message('/models')).toContain(`Did you mean GET ${base}/v1/models?`)
    expect(await message('/v1/unknown')).toContain(`The API is under ${base}/v1.`)
  })

  it.each([
    ['GET', '/v1/unknown', {}],
    ['GET', '/v1', {}],
    ['GET', '/v2/things', {}],
    ['POST', '/embeddings', {}],
    ['GET', '/anything', { authorization: 'Bearer sk-x' }],
    ['GET', '/', { authorization: 'bearer sk-x' }],
    ['GET', '/anything', { 'x-api-key': 'x' }],
    ['POST', '/anything', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['POST', '/anything', { 'content-type': 'application/json', origin: ORIGIN }],
  ] as [string, string, Record<string, string>][])(
    '%s %s from an API client (%j) is answered with a JSON error, not with a page',
    async (method, path, headers) => {
      const { url } = await open({ config: { dashboardUrl: 'http://127.0.0.1:9' } })
      const answer = await fetch(url + path, { method, headers })
      expect(answer.status).toBe(404)
      expect(await answer.json()).toMatchObject({ error: { message: expect.any(String) } })
    },
  )

  it('requested by a browser is forwarded to the panel', async () => {
    const { url } = await open({ config: { dashboardUrl: 'http://127.0.0.1:9' } })
    // No panel listens there: 503 proves that the request was forwarded.
    for (const path of ['/', '/keys', '/admin/models', '/admin/images/x', '/nothing'])
      expect((await fetch(url + path)).status, path).toBe(503)
    const form = {
      method: 'POST',
      headers: { origin: ORIGIN },
      body: new URLSearchParams({ a: 'b' }),
    }
    expect((await fetch(`${url}/login`, form)).status).toBe(503)
  })

  it('with a wrong method is answered with the allowed methods', async () => {
    const { url } = await open()
    const answer = await fetch(url + CHAT)
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
    expect(await answer.json()).toMatchObject({ error: { code: 'method_not_allowed' } })
    const preflighted = await fetch(url + CHAT, { method: 'OPTIONS' })
    expect([preflighted.status, preflighted.headers.get('allow')]).toEqual([204, 'POST'])
  })
})
