import { request as httpRequest } from 'node:http'

import { controlRoutes } from '@sluice/contracts/control/routes'
import { AppError } from '@sluice/kernel/app-error'
import { afterEach, describe, expect, it } from 'vitest'

import { id } from './chat/ids.ts'
import { until } from './chat/time.ts'
import type { GatewayContext } from './control-gateway.ts'
import { KEYS, ME, UNKNOWN, balance, startGateway, errorOf } from './control-gateway.ts'

let current: GatewayContext | undefined
const open = async (...options: Parameters<typeof startGateway>) =>
  (current = await startGateway(...options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

describe('a request of the control API', () => {
  const KEY = { name: 'a key' }

  it('is refused when it is too large, by its content-length and by the bytes received', async () => {
    const { send, bearer } = await open()
    const body = JSON.stringify({ name: 'x'.repeat(1024 * 1024) })
    const stated = await send('POST', KEYS, { headers: bearer, body })
    expect(errorOf(stated)).toMatchObject({ status: 413, code: 'body_too_large' })
    const headers = { ...bearer, 'transfer-encoding': 'chunked' }
    const chunked = await send('POST', KEYS, { headers, body })
    expect(errorOf(chunked)).toMatchObject({ status: 413, code: 'body_too_large' })
  })

  it.each([
    ['{"name":', 400, 'invalid_json'],
    ['', 400, 'invalid_json'],
    ['[]', 400, 'invalid_json'],
    ['null', 400, 'invalid_json'],
    ['"name"', 400, 'invalid_json'],
    [`${'['.repeat(200_000)}${']'.repeat(200_000)}`, 400, 'invalid_json'],
  ])('is refused when %.20j is not a JSON object', async (body, status, code) => {
    const { send, bearer } = await open()
    const headers = { ...bearer, 'content-type': 'application/json' }
    expect(errorOf(await send('POST', KEYS, { headers, body }))).toMatchObject({ status, code })
  })

  it.each([
    ['{"name":"a","name":"b"}', 'name'],
    ['{"name":"a","rpm_limit":1,"rpm\\u005flimit":9}', 'rpm_limit'],
  ])('is refused when it names a member twice: %s', async (body, param) => {
    const { send, bearer } = await open()
    const headers = { ...bearer, 'content-type': 'application/json' }
    const answer = errorOf(await send('POST', KEYS, { headers, body }))
    expect(answer).toEqual({ status: 400, code: 'invalid_value', param })
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'is refused as %s, which a cross-origin form could send',
    async (type) => {
      const { send, bearer } = await open()
      const headers = { ...bearer, 'content-type': type }
      const answer = await send('POST', KEYS, { headers, body: KEY })
      expect(errorOf(answer)).toMatchObject({ status: 415, code: 'unsupported_media_type' })
    },
  )

  it('is refused with the name of a missing, unknown or invalid field', async () => {
    const { send, bearer: headers } = await open()
    const wrong: [body: object, code: string, param: string][] = [
      [{}, 'missing_required_parameter', 'name'],
      [{ name: undefined, rpm_limit: 5 }, 'missing_required_parameter', 'name'],
      [{ ...KEY, colour: 'red' }, 'invalid_value', 'colour'],
      [{ ...KEY, rpm_limit: 'five' }, 'invalid_value', 'rpm_limit'],
      [{ name: 'a\0b' }, 'invalid_value', 'name'],
      [{ name: 'half of a pair: \ud83d' }, 'invalid_value', 'name'],
      [{ ...KEY, model_whitelist: ['fine', 'not\0fine'] }, 'invalid_value', 'model_whitelist.1'],
    ]
    for (const [body, code, param] of wrong) {
      const answer = await send('POST', KEYS, { headers, body })
      expect(errorOf(answer)).toEqual({ status: 400, code, param })
      expect(answer.error.message).toContain(`'${param}'`)
    }
  })

  it('is refused when it is nested deeper than the limit', async () => {
    const { send, bearer: headers } = await open()
    const depth = 100_000
    const body = `{"name":"k","deep":${'{"a":'.repeat(depth)}"a\\u0000"${'}'.repeat(depth)}}`
    const answer = await send('POST', KEYS, { headers, body })
    expect(errorOf(answer)).toEqual({ status: 400, code: 'invalid_json', param: null })
    expect(JSON.stringify(answer)).toContain('deeper than 64 levels')
  })

  it('is refused when a query parameter is repeated, unknown, invalid or contains a NUL byte', async () => {
    const { send, bearer: headers } = await open()
    const wrong: [query: string, param: string][] = [
      ['limit=1&limit=2', 'limit'],
      ['limit=&limit=2', 'limit'],
      ['sort=name', 'sort'],
      ['__proto__=1', '__proto__'],
      ['limit=0', 'limit'],
      ['limit=1e2x', 'limit'],
      ['cursor=a%00b', 'cursor'],
    ]
    for (const [query, param] of wrong) {
      const answer = await send('GET', `${KEYS}?${query}`, { headers })
      expect(errorOf(answer), query).toEqual({ status: 400, code: 'invalid_value', param })
    }
    expect((await send('GET', `${KEYS}?limit=&cursor=`, { headers })).status).toBe(200)
  })

  it('gets 404 when the id is unknown, malformed or of another user', async () => {
    const { send, bearer: headers } = await open()
    for (const name of [
      UNKNOWN,
      id('key', 1),
      'key_1',
      '%00',
      '%E0%A4%A',
      `${UNKNOWN}%00`,
      '%2e%2e',
    ]) {
      const answer = await send('GET', `${KEYS}/${name}`, { headers })
      expect(errorOf(answer), name).toMatchObject({ status: 404, code: 'not_found' })
    }
  })
})

const patternOf = (path: string) => new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`)

describe('a route of the control API', () => {
  it('exists for the methods of the route table only', async () => {
    const { send, bearer: headers } = await open()
    const routes = Object.values(controlRoutes)
    for (const path of new Set(routes.map((route) => route.path))) {
      const requestPath = path.replaceAll(/:\w+/g, 'x')
      const own = routes.filter((route) => patternOf(route.path).test(requestPath))
      const allowed = ['GET', 'POST', 'PATCH', 'DELETE'].filter((method) =>
        own.some((route) => route.method === method),
      )
      const answer = await send('PUT', requestPath, { headers })
      expect(errorOf(answer), path).toMatchObject({ status: 405, code: 'method_not_allowed' })
      expect(answer.headers['allow'], path).toBe(allowed.join(', '))
    }
  })

  it('that does not exist is answered with 404, with and without a session', async () => {
    const { send, bearer } = await open()
    for (const path of ['/api/nothing', '/api/me/', '/api//me', '/api/ME', '/api/'])
      for (const headers of [{}, bearer])
        expect(errorOf(await send('GET', path, { headers })), path).toMatchObject({ status: 404 })
  })

  it('answers HEAD like GET without a body, except for event streams', async () => {
    const { send, bearer: headers } = await open()
    const answer = await send('HEAD', ME, { headers })
    expect(answer).toMatchObject({ status: 200, text: '' })
    expect(answer.headers['content-type']).toContain('application/json')
    expect(await send('HEAD', ME)).toMatchObject({ status: 401, text: '' })
    const post = await send('HEAD', '/api/auth/logout', { headers })
    expect(post).toMatchObject({ status: 405, text: '' })
    const events = `/api/user/images/${id('img', 1)}/events`
    expect(await send('HEAD', events, { headers })).toMatchObject({ status: 405, text: '' })
  })
})

describe('an answer of the control API', () => {
  it('is never cacheable and has no CORS headers, not even for a preflight', async () => {
    const { send, bearer, cookie } = await open()
    const crossOrigin = { origin: 'https://evil.example' }
    const preflight = {
      ...crossOrigin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    }
    const answers = await Promise.all([
      send('GET', ME, { headers: { ...bearer, ...crossOrigin } }),
      send('GET', ME, { headers: crossOrigin }),
      send('GET', `${KEYS}/${UNKNOWN}`, { headers: bearer }),
      send('POST', KEYS, { headers: { ...cookie, ...crossOrigin }, body: {} }),
      send('POST', '/api/auth/logout', { headers: bearer }),
      send('GET', '/api/nothing', { headers: crossOrigin }),
      send('OPTIONS', KEYS, { headers: preflight }),
      send('OPTIONS', '/api/auth/login', { headers: preflight }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 404, 403, 204, 404, 405, 405])
    for (const { headers, status } of answers) {
      expect(headers['cache-control'], `${status}`).toBe('no-store')
      expect(headers['x-request-id']).toMatch(/^req_[0-9a-f]{32}$/)
      const allowing = Object.keys(headers).filter((name) => name.startsWith('access-control-'))
      expect(allowing).toEqual([])
    }
    expect(answers[0]?.headers['x-content-type-options']).toBe('nosniff')
  })

  it('reveals nothing of an internal error but the request id of its log line', async () => {
    const { send, bearer, log } = await open(async () => {
      throw new Error('connect ECONNREFUSED 10.0.0.7:5432 as ledger:hunter2')
    })
    const answer = await send('GET', ME, { headers: bearer })
    expect(errorOf(answer)).toEqual({ status: 500, code: 'internal_error', param: null })
    expect(answer.text).not.toMatch(/10\.0|hunter2|ECONN/)
    expect(answer.headers['cache-control']).toBe('no-store')
    const line = log.lines.find(({ message }) => message === 'request failed')
    expect(line?.facts['requestId']).toBe(answer.headers['x-request-id'])
  })

  it('carries the code and retry-after of a refusal', async () => {
    const { send, bearer } = await open(async () => {
      throw new AppError('overloaded', 'Billing is overloaded.', { retryAfterMs: 3_000 })
    })
    const answer = await send('GET', ME, { headers: bearer })
    expect(errorOf(answer)).toMatchObject({ status: 503, code: 'overloaded' })
    expect(answer.error.message).toBe('Billing is overloaded.')
    expect(answer.headers['retry-after']).toBe('3')
  })

  it('names the signed-in user without a balance while billing is unavailable', async () => {
    const { send, bearer } = await open(async () => {
      throw new AppError('unavailable', 'Billing is unavailable.')
    })
    const answer = await send('GET', ME, { headers: bearer })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.text)).toMatchObject({ user: { email: 'ada@b.test' }, balance: null })
  })

  it('that violates its own contract becomes an internal error', async () => {
    const { send, bearer } = await open(async () => ({ ...balance, postedMicro: 10n ** 20n }))
    const answer = await send('GET', ME, { headers: bearer })
    expect(errorOf(answer)).toMatchObject({ status: 500, code: 'internal_error' })
  })

  it('for a disconnected caller does not crash the gateway', async () => {
    const gate = Promise.withResolvers<void>()
    let calls = 0
    const { send, bearer, port } = await open(async () => {
      calls += 1
      if (calls === 1) await gate.promise
      return balance
    })
    const call = httpRequest({ port, host: '127.0.0.1', path: ME, headers: bearer })
    call.on('error', () => undefined)
    call.end()
    await until(() => calls === 1)
    call.destroy()
    gate.resolve()
    expect((await send('GET', ME, { headers: bearer })).status).toBe(200)
  })
})
