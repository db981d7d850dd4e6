import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { afterEach, describe, expect, it } from 'vitest'

import { chatHead, rawSocket } from './raw-socket.ts'
import { id } from './ids.ts'
import { turns, until } from './time.ts'
import type { Fixture, FixtureOptions } from './fixture.ts'
import { question, createFixture } from './fixture.ts'

let current: Fixture | undefined
const open = async (options?: FixtureOptions) => (current = await createFixture(options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

const errorOf = (text: string) => JSON.parse(text).error

describe('the gateway refuses', () => {
  it.each([
    [{ authorization: 'Bearer sk-wrong-key-000' }],
    [{ authorization: '' }],
    [{ authorization: 'Basic abcdefghijkl' }],
  ])('unauthenticated callers: %j', async (headers) => {
    const { chat, simulator } = await open()
    const { status, text, headers: answered } = await chat({}, headers)
    expect(status).toBe(401)
    expect(errorOf(text)).toEqual({
      message: expect.any(String),
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_api_key',
    })
    expect(answered['x-request-id']).toMatch(/^req_/)
    expect(simulator.log()).toEqual([])
  })

  it('a revoked key as soon as its event arrives, while other keys stay valid', async () => {
    const { chat, keyStore, bus, deps } = await open()
    expect((await chat()).status).toBe(200)
    await keyStore.revokeKey({ id: id('key', 1), at: deps.clock.now() })
    await bus.announce('api-key-changed', { apiKeyId: id('key', 1) })
    await turns(3)
    expect((await chat()).status).toBe(401)
  })

  it.each([
    ['no JSON', '{"model":', 'invalid_json', null],
    ['no object', '[]', 'invalid_json', null],
    ['nothing', '', 'invalid_json', null],
    ['no model', '{"messages":[]}', 'missing_required_parameter', 'model'],
    ['a model that is a number', '{"model":1}', 'invalid_value', 'model'],
    ['two models', '{"model":"gpt-5-mini","model":"x"}', 'invalid_value', 'model'],
    [
      'a stream that is a string',
      '{"model":"gpt-5-mini","stream":"yes"}',
      'invalid_value',
      'stream',
    ],
  ])('%s with the parameter name, without charging', async (_, body, code, param) => {
    const { post, simulator, ledger } = await open()
    const answer = await post('/v1/chat/completions', body)
    expect(answer.statusCode).toBe(400)
    expect(errorOf(await answer.body.text())).toMatchObject({ code, param })
    expect(simulator.log()).toEqual([])
    expect(ledger.open()).toBe(0)
  })

  it('unknown models and models outside the whitelist with the same message', async () => {
    const { chat } = await open({ models: ['gpt-5-mini'] })
    const [unknown, forbidden] = [await chat({ model: 'nope' }), await chat({ model: 'org/tiny' })]
    expect([unknown.status, forbidden.status]).toEqual([404, 404])
    const words = (text: string) => errorOf(text).message.replace(/'.*'/, '')
    expect(words(unknown.text)).toBe(words(forbidden.text))
    expect(errorOf(unknown.text)).toMatchObject({ code: 'model_not_found', param: 'model' })
  })

  it('requests that the wallet cannot pay, with x-should-retry: false', async () => {
    const { chat, simulator } = await open({ balanceMicro: 10n })
    const { status, headers, text } = await chat()
    expect(status).toBe(402)
    expect(headers['x-should-retry']).toBe('false')
    expect(errorOf(text)).toMatchObject({ code: 'insufficient_credit', type: 'insufficient_quota' })
    expect(simulator.log()).toEqual([])
  })

  it('requests above the rate limit, with retry-after', async () => {
    const { chat, simulator } = await open({ rpmLimit: 3 })
    const answers = await Promise.all(Array.from({ length: 10 }, () => chat()))
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(7)
    expect(simulator.log()).toHaveLength(3)
    expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThan(0)
    expect(errorOf(refused[0]?.text ?? '')).toMatchObject({ type: 'rate_limit_error' })
  })

  it('requests above the concurrency limit at once', async () => {
    const { chat, simulator } = await open({ config: { requestsInFlightMax: 2 } })
    // Longer than the requests need to arrive, also on a busy machine.
    simulator.script({ times: null, latencyMs: 2_000 })
    const answers = await Promise.all(Array.from({ length: 8 }, () => chat()))
    const refused = answers.filter(({ status }) => status === 503)
    expect(refused).toHaveLength(6)
    expect(errorOf(refused[0]?.text ?? '').code).toBe('overloaded')
  })

  it('chargeable requests while billing is unavailable, with 503', async () => {
    const { chat, ledger } = await open()
    ledger.unavailable = true
    const { status, text, headers } = await chat()
    expect(status).toBe(503)
    expect(errorOf(text).code).toBe('unavailable')
    expect(headers['retry-after']).toBeDefined()
  })
})

describe('a body', () => {
  const limit = { config: { bodyBytesMax: 4_096 } }

  it('over the limit is refused by its content-length before any of it is read', async () => {
    const { port } = await open(limit)
    const { socket, received, closed } = await rawSocket(port)
    socket.write(chatHead({ 'content-length': '1000000000' }))
    await closed
    expect(received()).toMatch(/^HTTP\/1\.1 413 /)
    expect(received()).toContain('body_too_large')
    expect(received().toLowerCase()).toContain('connection: close')
  })

  it('over the limit without a content-length is refused once it exceeds the limit', async () => {
    const { port } = await open(limit)
    const { socket, received, closed } = await rawSocket(port)
    socket.write(chatHead({ 'transfer-encoding': 'chunked' }))
    const chunk = `400\r\n${'x'.repeat(1_024)}\r\n`
    for (let count = 0; count < 5; count += 1) socket.write(chunk)
    await closed
    expect(received()).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('that is refused in mid-upload is drained so that the client receives the answer, not a reset', async () => {
    const { port } = await open(limit)
    const { socket, received, closed } = await rawSocket(port)
    socket.write(chatHead({ 'transfer-encoding': 'chunked' }))
    const chunk = `400\r\n${'x'.repeat(1_024)}\r\n`
    for (let count = 0; count < 5; count += 1) socket.write(chunk)
    await until(() => received().includes('body_too_large'))
    for (let count = 0; count < 20; count += 1) {
      socket.write(chunk)
      await turns(5)
    }
    expect(socket.destroyed).toBe(false)
    socket.write('0\r\n\r\n')
    await closed
    expect(received()).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('that ends before its content-length costs nothing and reaches no upstream', async () => {
    const { port, simulator, ledger, rows, stop } = await open()
    const { socket } = await rawSocket(port)
    socket.end(chatHead({ 'content-length': '500' }) + '{"model":"gpt-5-mini"')
    await until(() => socket.destroyed)
    await stop()
    expect(simulator.log()).toEqual([])
    expect(ledger.open()).toBe(0)
    expect(rows).toMatchObject([{ errorCode: 'caller_gone' }])
  })

  it('that arrives too slowly is answered with 408', async () => {
    const clock = fakeClock()
    const { port } = await open({ clock })
    const { socket, received, closed } = await rawSocket(port)
    socket.write(chatHead({ 'content-length': '500' }))
    socket.write('{')
    await turns(200)
    for (let s = 0; s < 12; s += 1) {
      await clock.advance(1_000)
      await turns(5)
    }
    await closed
    expect(received()).toMatch(/^HTTP\/1\.1 408 /)
    expect(received()).toContain('request_timeout')
  })

  it.each(['gzip', 'br', 'deflate', 'gzip, identity'])(
    'that is compressed (%s) is refused',
    async (encoding) => {
      const { chat } = await open()
      const { status, text } = await chat({}, { 'content-encoding': encoding })
      expect(status).toBe(415)
      expect(errorOf(text).code).toBe('unsupported_media_type')
    },
  )

  it('of another type is refused', async () => {
    const { chat } = await open()
    expect((await chat({}, { 'content-type': 'multipart/form-data; boundary=x' })).status).toBe(415)
    expect((await chat({}, { 'content-type': 'application/json; charset=utf-8' })).status).toBe(200)
  })
})

describe('requests that two servers might parse differently', () => {
  it.each([
    ['two lengths', 'content-length: 5\r\ncontent-length: 6\r\n\r\nhello!'],
    [
      'content-length and chunks',
      'content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['an unknown coding', 'transfer-encoding: xchunked\r\n\r\n0\r\n\r\n'],
    ['a space before the colon', 'content-length : 5\r\n\r\nhello'],
    ['a folded header', 'x-a: 1\r\n b\r\ncontent-length: 0\r\n\r\n'],
    ['a content-length that is not a number', 'content-length: +5\r\n\r\nhello'],
  ])('close the connection: %s', async (_, rest) => {
    const { port, simulator } = await open()
    const { socket, received, closed } = await rawSocket(port)
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\n${rest}GET /health HTTP/1.1\r\n\r\n`,
    )
    await closed
    expect(received()).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(received().match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(simulator.log()).toEqual([])
  })
})

describe('routes', () => {
  it('that do not exist answer with the OpenAI error envelope', async () => {
    const { get, post } = await open()
    for (const answer of [await get('/v1/nope'), await post('/v2/chat', {}), await get('/')]) {
      expect(answer.statusCode).toBe(404)
      expect(answer.headers['x-request-id']).toMatch(/^req_/)
      expect(errorOf(await answer.body.text())).toMatchObject({ code: 'not_found', param: null })
    }
  })

  it('answer 405 with their allowed methods', async () => {
    const { get } = await open()
    const answer = await get('/v1/chat/completions')
    expect(answer.statusCode).toBe(405)
    expect(answer.headers['allow']).toBe('POST')
    expect(errorOf(await answer.body.text()).code).toBe('method_not_allowed')
  })

  it('of models list only what the key may use', async () => {
    const { get } = await open({ models: ['org/tiny'] })
    const list = await get('/v1/models')
    expect(JSON.parse(await list.body.text())).toEqual({
      object: 'list',
      data: [{ id: 'org/tiny', object: 'model', created: expect.any(Number), owned_by: 'sluice' }],
    })
    for (const path of ['/v1/models/org/tiny', '/v1/models/org%2Ftiny']) {
      const one = await get(path)
      expect(one.statusCode, path).toBe(200)
      expect(JSON.parse(await one.body.text())).toMatchObject({ id: 'org/tiny', object: 'model' })
    }
    const forbidden = await get('/v1/models/gpt-5-mini')
    expect(forbidden.statusCode).toBe(404)
    expect(errorOf(await forbidden.body.text()).code).toBe('model_not_found')
    const anonymous = await get('/v1/models', { authorization: '' })
    expect(anonymous.statusCode).toBe(401)
    await anonymous.body.dump()
  })

  it('allow no header or event injection by caller input', async () => {
    const { chat, get } = await open()
    const hostile = 'x\r\nset-cookie: a=b\u2028\u0000data: {"hi":1}\n\n'
    const { text, headers } = await chat({ model: hostile, stream: true })
    expect(errorOf(text).code).toBe('model_not_found')
    expect(headers['set-cookie']).toBeUndefined()
    const path = await get(`/v1/models/${encodeURIComponent(hostile)}`)
    expect(path.statusCode).toBe(404)
    expect(path.headers['set-cookie']).toBeUndefined()
    await path.body.dump()
  })

  it('refuse empty messages', async () => {
    const { post } = await open()
    const answer = await post('/v1/chat/completions', { ...question, messages: [] })
    expect(answer.statusCode).toBe(400)
    expect(errorOf(await answer.body.text())).toMatchObject({ code: 'missing_required_parameter' })
  })
})
