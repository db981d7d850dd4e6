import { request as httpRequest } from 'node:http'

import { controlRoutes } from '@sluice/contracts/control/routes'
import { AppError } from '@sluice/kernel/app-error'
import { afterEach, describe, expect, it } from 'vitest'

import { id } from './chat/ids.ts'
import { until } from './chat/time.ts'
import type { GatewayContext } from './control-gateway.ts'
import { KEYS, ME, UNKNOWN, balance, startGateway, errorOf } from './control-gateway.ts'

let here: GatewayContext | undefined
const open = async (...options: Parameters<typeof startGateway>) =>
  (here = await startGateway(...options))
afterEach(async () => {
  await here?.close()
  here = undefined
})

describe('what a request of the control API says', () => {
  const KEY = { name: 'a key' }

  it('is refused when it is too large, by its stated length and by what comes', async () => {
    const { ask, bearer } = await open()
    const body = JSON.stringify({ name: 'x'.repeat(1024 * 1024) })
    const stated = await ask('POST', KEYS, { headers: bearer, body })
    expect(errorOf(stated)).toMatchObject({ status: 413, code: 'body_too_large' })
    const headers = { ...bearer, 'transfer-encoding': 'chunked' }
    const chunked = await ask('POST', KEYS, { headers, body })
    expect(errorOf(chunked)).toMatchObject({ status: 413, code: 'body_too_large' })
  })

  it.each([
    ['{"name":', 400, 'invalid_json'],
    ['', 400, 'invalid_json'],
    ['[]', 400, 'invalid_json'],
    ['null', 400, 'invalid_json'],
    ['"name"', 400, 'invalid_json'],
    [`${'['.repeat(200_000)}${']'.repeat(200_000)}`, 400, 'invalid_json'],
  ])('is refused when %.20j is no JSON object', async (body, status, code) => {
    const { ask, bearer } = await open()
    const headers = { ...bearer, 'content-type': 'application/json' }
    expect(errorOf(await ask('POST', KEYS, { headers, body }))).toMatchObject({ status, code })
  })

  it.each([
    ['{"name":"a","name":"b"}', 'name'],
    ['{"name":"a","rpm_limit":1,"rpm\\u005flimit":9}', 'rpm_limit'],
  ])('is refused when it names a member twice: %s', async (body, param) => {
    const { ask, bearer } = await open()
    const headers = { ...bearer, 'content-type': 'application/json' }
    const answer = errorOf(await ask('POST', KEYS, { headers, body }))
    expect(answer).toEqual({ status: 400, code: 'invalid_value', param })
  })

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'is refused as %s, which a form of another site could send',
    async (type) => {
      const { ask, bearer } = await open()
      const headers = { ...bearer, 'content-type': type }
      const answer = await ask('POST', KEYS, { headers, body: KEY })
      expect(errorOf(answer)).toMatchObject({ status: 415, code: 'unsupported_media_type' })
    },
  )

  it('is refused with the name of what is missing, unknown or wrong', async () => {
    const { ask, bearer: headers } = await open()
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
      const answer = await ask('POST', KEYS, { headers, body })
      expect(errorOf(answer)).toEqual({ status: 400, code, param })
      expect(answer.error.message).toContain(`'${param}'`)
    }
  })

  it('is refused when it is deeper than anything that is meant', async () => {
    const { ask, bearer: headers } = await open()
    const depth = 100_000
    const body = `{"name":"k","deep":${'{"a":'.repeat(depth)}"a\\u0000"${'}'.repeat(depth)}}`
    const answer = await ask('POST', KEYS, { headers, body })
    expect(errorOf(answer)).toEqual({ status: 400, code: 'invalid_json', param: null })
    expect(JSON.stringify(answer)).toContain('deeper than 64 levels')
  })

  it('is refused when its query says something twice, unknown, wrong, or that no row can hold', async () => {
    const { ask, bearer: headers } = await open()
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
      const answer = await ask('GET', `${KEYS}?${query}`, { headers })
      expect(errorOf(answer), query).toEqual({ status: 400, code: 'invalid_value', param })
    }
    expect((await ask('GET', `${KEYS}?limit=&cursor=`, { headers })).status).toBe(200)
  })

  it('is about nothing when its id is unknown, somebody else’s, or cannot be one', async () => {
    const { ask, bearer: headers } = await open()
    for (const name of [
      UNKNOWN,
      id('key', 1),
      'key_1',
      '%00',
      '%E0%A4%A',
      `${UNKNOWN}%00`,
      '%2e%2e',
    ]) {
      const answer = await ask('GET', `${KEYS}/${name}`, { headers })
      expect(errorOf(answer), name).toMatchObject({ status: 404, code: 'not_found' })
    }
  })
})

const patternOf = (path: string) => new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`)

describe('a route of the control API', () => {
  it('is there in every method of the table, and in no other', async () => {
    const { ask, bearer: headers } = await open()
    const routes = Object.values(controlRoutes)
    for (const path of new Set(routes.map((route) => route.path))) {
      const asked = path.replaceAll(/:\w+/g, 'x')
      const own = routes.filter((route) => patternOf(route.path).test(asked))
      const allowed = ['GET', 'POST', 'PATCH', 'DELETE'].filter((method) =>
        own.some((route) => route.method === method),
      )
      const answer = await ask('PUT', asked, { headers })
      expect(errorOf(answer), path).toMatchObject({ status: 405, code: 'method_not_allowed' })
      expect(answer.headers['allow'], path).toBe(allowed.join(', '))
    }
  })

  it('that is none is not found, whoever asks', async () => {
    const { ask, bearer } = await open()
    for (const path of ['/api/nothing', '/api/me/', '/api//me', '/api/ME', '/api/'])
      for (const headers of [{}, bearer])
        expect(errorOf(await ask('GET', path, { headers })), path).toMatchObject({ status: 404 })
  })

  it('answers HEAD as GET without a body, but for events', async () => {
    const { ask, bearer: headers } = await open()
    const answer = await ask('HEAD', ME, { headers })
    expect(answer).toMatchObject({ status: 200, text: '' })
    expect(answer.headers['content-type']).toContain('application/json')
    expect(await ask('HEAD', ME)).toMatchObject({ status: 401, text: '' })
    const post = await ask('HEAD', '/api/auth/logout', { headers })
    expect(post).toMatchObject({ status: 405, text: '' })
    const events = `/api/user/images/${id('img', 1)}/events`
    expect(await ask('HEAD', events, { headers })).toMatchObject({ status: 405, text: '' })
  })
})

describe('an answer of the control API', () => {
  it('is kept by no cache, good or bad, and says nothing to other sites, not even on asking first', async () => {
    const { ask, bearer, cookie } = await open()
    const evil = { origin: 'https://evil.example' }
    const first = {
      ...evil,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    }
    const answers = await Promise.all([
      ask('GET', ME, { headers: { ...bearer, ...evil } }),
      ask('GET', ME, { headers: evil }),
      ask('GET', `${KEYS}/${UNKNOWN}`, { headers: bearer }),
      ask('POST', KEYS, { headers: { ...cookie, ...evil }, body: {} }),
      ask('POST', '/api/auth/logout', { headers: bearer }),
      ask('GET', '/api/nothing', { headers: evil }),
      ask('OPTIONS', KEYS, { headers: first }),
      ask('OPTIONS', '/api/auth/login', { headers: first }),
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

  it('tells nothing of a fault of ours but the id that leads to the log', async () => {
    const { ask, bearer, log } = await open(async () => {
      throw new Error('connect ECONNREFUSED 10.0.0.7:5432 as ledger:hunter2')
    })
    const answer = await ask('GET', ME, { headers: bearer })
    expect(errorOf(answer)).toEqual({ status: 500, code: 'internal_error', param: null })
    expect(answer.text).not.toMatch(/10\.0|hunter2|ECONN/)
    expect(answer.headers['cache-control']).toBe('no-store')
    const line = log.lines.find(({ message }) => message === 'request failed')
    expect(line?.facts['requestId']).toBe(answer.headers['x-request-id'])
  })

  it('tells a refusal with its code, and when to come back', async () => {
    const { ask, bearer } = await open(async () => {
      throw new AppError('overloaded', 'The ledger has too much to do.', { retryAfterMs: 3_000 })
    })
    const answer = await ask('GET', ME, { headers: bearer })
    expect(errorOf(answer)).toMatchObject({ status: 503, code: 'overloaded' })
    expect(answer.error.message).toBe('The ledger has too much to do.')
    expect(answer.headers['retry-after']).toBe('3')
  })

  it('says who is signed in also while billing is away, without their balance', async () => {
    const { ask, bearer } = await open(async () => {
      throw new AppError('unavailable', 'The ledger is away.')
    })
    const answer = await ask('GET', ME, { headers: bearer })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.text)).toMatchObject({ user: { email: 'ada@b.test' }, balance: null })
  })

  it('that breaks its own contract is a fault of ours, not half an answer', async () => {
    const { ask, bearer } = await open(async () => ({ ...balance, postedMicro: 10n ** 20n }))
    const answer = await ask('GET', ME, { headers: bearer })
    expect(errorOf(answer)).toMatchObject({ status: 500, code: 'internal_error' })
  })

  it('that nobody waits for any more does not bring the door down', async () => {
    const gate = Promise.withResolvers<void>()
    let asked = 0
    const { ask, bearer, port } = await open(async () => {
      asked += 1
      if (asked === 1) await gate.promise
      return balance
    })
    const call = httpRequest({ port, host: '127.0.0.1', path: ME, headers: bearer })
    call.on('error', () => undefined)
    call.end()
    await until(() => asked === 1)
    call.destroy()
    gate.resolve()
    expect((await ask('GET', ME, { headers: bearer })).status).toBe(200)
  })
})
