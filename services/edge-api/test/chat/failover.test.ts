import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { afterEach, describe, expect, it } from 'vitest'

import type { MakeChannel } from './channels.ts'
import { id } from './ids.ts'
import { turns } from './time.ts'
import type { Fixture, FixtureOptions } from './fixture.ts'
import { createFixture } from './fixture.ts'

let current: Fixture | undefined
const open = async (options?: FixtureOptions) => (current = await createFixture(options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

const errorOf = (text: string) => JSON.parse(text).error
const keys = { simulator: { keys: ['key-a', 'key-b', 'key-c'] } }
const twoChannels = (make: MakeChannel) => [
  make(1, { priority: 2, secrets: ['key-a'] }),
  make(2, { priority: 1, secrets: ['key-b'] }),
]
const twoKeys = (make: MakeChannel) => [make(1, { secrets: ['key-a', 'key-b'] })]
const faulty = (key: string, behaviour: object) =>
  ({ match: { key }, times: null, behaviour }) as never

describe('before the first byte, a request fails over', () => {
  it.each([
    ['a server error', { kind: 'status', status: 500, code: 'server_error' }],
    ['an HTML page of a proxy', { kind: 'status', status: 502, body: '<html>bad gateway</html>' }],
    ['overload', { kind: 'status', status: 503 }],
    ['a rate limit', { kind: 'status', status: 429, headers: { 'retry-after': '61' } }],
    ['an exhausted quota', { kind: 'status', status: 429, code: 'insufficient_quota' }],
    ['a rejected key', { kind: 'status', status: 401, code: 'invalid_api_key' }],
    [
      'a model unavailable to this account',
      { kind: 'status', status: 404, code: 'model_not_found' },
    ],
    ['a connection reset', { kind: 'reset' }],
    ['a stream that starts with an error', { kind: 'stream', variant: 'error-envelope' }],
  ])('to the next channel after %s', async (_, behaviour) => {
    const { chat, simulator, ledger, stop, rows } = await open({ ...keys, channels: twoChannels })
    simulator.script(faulty('key-a', behaviour))
    const { status, text } = await chat()
    expect(status, text).toBe(200)
    await stop()
    expect(ledger.records).toHaveLength(1)
    expect(rows).toMatchObject([{ attempts: behaviour.kind === 'stream' ? 1 : 2, errorCode: null }])
  })

  it('to the next key of the same channel when a key is rate limited and cools down', async () => {
    const { chat, simulator, outcomes, stop } = await open({ ...keys, channels: twoKeys })
    const limited = { kind: 'status', status: 429, headers: { 'retry-after': '30' } }
    simulator.script([faulty('key-a', limited)])
    for (let count = 0; count < 20; count += 1) expect((await chat()).status).toBe(200)
    const limitedCalls = simulator.log().filter(({ behaviour }) => behaviour === 'status')
    expect(limitedCalls).toHaveLength(1)
    await stop()
    const reported = outcomes.filter(({ outcome }) => outcome.kind === 'limited')
    expect(reported).toMatchObject([{ credentialId: id('cred', '10') }])
  })

  it('not when the request is invalid: the caller gets the upstream’s message and no key is marked failed', async () => {
    const { chat, simulator, outcomes, ledger, stop } = await open({
      ...keys,
      channels: twoChannels,
    })
    const message = 'Invalid value for temperature.'
    simulator.script({ behaviour: { kind: 'status', status: 400, code: 'invalid_value', message } })
    const { status, text, headers } = await chat({ temperature: 99 })
    expect(status).toBe(400)
    expect(errorOf(text)).toMatchObject({ code: 'invalid_value', message })
    expect(headers['x-request-id']).toMatch(/^req_/)
    expect(simulator.log()).toHaveLength(1)
    await stop()
    expect(outcomes.every(({ outcome }) => outcome.kind === 'ok')).toBe(true)
    expect(ledger.records).toEqual([])
  })

  it('without showing the caller the upstream keys in an error message', async () => {
    const { chat, simulator } = await open()
    const message = 'Bad request for key sk-proj-abcdef123456 in org-AbCdEf99.'
    simulator.script({ behaviour: { kind: 'status', status: 400, code: 'invalid_value', message } })
    const { status, text } = await chat()
    expect(status).toBe(400)
    expect(text).not.toMatch(/sk-proj|org-AbC/)
  })

  it('at most three times, and answers 502 when every attempt failed', async () => {
    const channels = (make: MakeChannel) => [1, 2, 3, 4, 5].map((n) => make(n))
    const { chat, simulator, rows, stop } = await open({ channels })
    simulator.script({ times: null, behaviour: { kind: 'status', status: 500 } })
    const { status, text } = await chat()
    expect(status).toBe(502)
    expect(errorOf(text).code).toBe('upstream_failed')
    expect(simulator.log()).toHaveLength(3)
    await stop()
    expect(rows).toMatchObject([{ attempts: 3, status: 502, errorCode: 'upstream_failed' }])
  })

  it('within a retry budget: a dead upstream gets at most 2.1 attempts per request', async () => {
    const channels = (make: MakeChannel) => [1, 2, 3].map((n) => make(n, { secrets: manyKeys }))
    const manyKeys = ['key-a', 'key-b', 'key-c']
    const { chat, simulator } = await open({ ...keys, channels })
    simulator.script({ times: null, behaviour: { kind: 'status', status: 500 } })
    const requests = 200
    for (let count = 0; count < requests; count += 1) await chat()
    const tries = simulator.log().length
    expect(tries).toBeLessThanOrEqual(requests * 2.1 + 25)
  })

  it('until every key cools down: then the 503 names the earliest end of a cooldown', async () => {
    const { chat, simulator } = await open({ ...keys, channels: twoKeys })
    const limited = { kind: 'status', status: 429, headers: { 'retry-after': '20' } }
    simulator.script({ times: null, behaviour: limited as never })
    const first = await chat()
    expect(first.status).toBe(503)
    const second = await chat()
    expect(second.status).toBe(503)
    expect(Number(second.headers['retry-after'])).toBeGreaterThan(10)
    expect(Number(second.headers['retry-after'])).toBeLessThanOrEqual(20)
    expect(simulator.log()).toHaveLength(2)
  })

  it('to the next channel when the base URL of one is invalid', async () => {
    const broken = {
      ...keys,
      channels: (make: MakeChannel) => [
        make(1, { priority: 9, baseUrl: 'not a url', secrets: ['key-a'] }),
        make(2, { secrets: ['key-b'] }),
      ],
    }
    const { chat, log } = await open(broken)
    expect((await chat()).status).toBe(200)
    expect(log.lines.some(({ level }) => level === 'error')).toBe(true)
  })
})

describe('time', () => {
  it('limits the wait for a non-streaming answer and forbids a retry in x-should-retry', async () => {
    const clock = fakeClock()
    const { chat, simulator, ledger } = await open({ clock, config: { syncWaitMs: 280_000 } })
    simulator.script({ behaviour: { kind: 'hang', at: 'headers' } })
    const answer = chat()
    await turns(300)
    for (let s = 0; s < 290; s += 10) {
      await clock.advance(10_000)
      await turns(5)
    }
    const { status, text, headers } = await answer
    expect(status).toBe(504)
    expect(errorOf(text).code).toBe('upstream_timeout')
    expect(headers['x-should-retry']).toBe('false')
    await turns(50)
    expect(simulator.log()[0]?.end).toBe('client-gone')
    expect(ledger.records).toEqual([])
  })

  it('keeps a silent stream alive with comments after its head', async () => {
    const clock = fakeClock()
    const { chat, simulator } = await open({ clock })
    simulator.script({ behaviour: { kind: 'hang', at: 'body' } })
    const answer = chat({ stream: true, stream_options: { include_usage: true } })
    await turns(500)
    for (let s = 0; s < 60; s += 1) {
      await clock.advance(1_000)
      await turns(3)
    }
    await simulator.close()
    const { status, text } = await answer
    expect(status).toBe(200)
    const comments = text.match(/^: keep-alive\n\n/gm) ?? []
    expect(comments.length).toBeGreaterThanOrEqual(4)
    expect(comments.length).toBeLessThanOrEqual(6)
    expect(text.trimEnd().split('\n\n').at(-1)).toMatch(/^data: \{"error":/)
  })

  it('may pass before the head of a stream: the caller gets comments, then the error', async () => {
    const clock = fakeClock()
    const { chat, simulator } = await open({ clock })
    simulator.script({ behaviour: { kind: 'hang', at: 'request' } })
    const answer = chat({ stream: true })
    await turns(300)
    for (let s = 0; s < 25; s += 1) {
      await clock.advance(1_000)
      await turns(3)
    }
    await simulator.close()
    const { status, text } = await answer
    expect(status).toBe(200)
    expect(text.startsWith(': keep-alive\n\n: keep-alive\n\n')).toBe(true)
    expect(text).toContain('data: {"error":')
    expect(text).not.toContain('[DONE]')
  })
})
