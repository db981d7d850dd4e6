import { afterEach, describe, expect, it } from 'vitest'

import type { MakeChannel } from './channels.ts'
import { id } from './ids.ts'
import type { Fixture, FixtureOptions } from './fixture.ts'
import { createFixture } from './fixture.ts'

let current: Fixture | undefined
const open = async (options?: FixtureOptions) => (current = await createFixture(options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

const errorOf = (text: string) => JSON.parse(text).error
const four = ['key-a', 'key-b', 'key-c', 'key-d']
const keys = { simulator: { keys: four } }
const fourKeys = (make: MakeChannel) => [make(1, { secrets: four })]
const forbidden = 'a forbidden text prompt'
const forbiddenChat = { messages: [{ role: 'user', content: forbidden }] }
const refuse = (behaviour: object) => ({
  match: { promptIncludes: forbidden },
  times: null,
  behaviour: { kind: 'status', status: 403, ...behaviour } as never,
})

describe('a prompt that an upstream refuses', () => {
  it.each([
    ['403 by a content filter', { message: 'Your request was blocked by our content filter' }],
    ['403 by a policy', { message: 'This violates our usage policies.', code: 'policy' }],
    ['403 with a custom message', { message: 'Nope (rule 17)', code: 'rejected' }],
    ['403 without a message', { body: { error: { code: 'forbidden' } } }],
    ['403 with a FastAPI detail', { body: { detail: 'not allowed' } }],
    ['401 by a content filter', { status: 401, message: 'Your prompt was flagged as unsafe' }],
    [
      '401 that quotes the prompt',
      { status: 401, message: `Blocked: "${forbidden} is suspended"` },
    ],
    ['451', { status: 451, message: 'Unavailable for legal reasons' }],
    ['a region in JSON', { message: 'Country, region, or territory not supported' }],
  ])('with %s gets a 4xx, and no key is marked failed', async (_name, behaviour) => {
    const { chat, simulator, outcomes, stop } = await open({ ...keys, channels: fourKeys })
    simulator.script(refuse(behaviour))
    for (const stream of [false, true]) {
      const { status, headers } = await chat({ ...forbiddenChat, stream })
      expect(status).toBeGreaterThanOrEqual(400)
      expect(status).toBeLessThan(500)
      expect(status).not.toBe(401)
      expect(headers['content-type']).toBe('application/json')
    }
    for (let count = 0; count < 80; count += 1) expect((await chat()).status).toBe(200)
    const served = simulator.log().filter(({ behaviour: fault }) => fault === null)
    expect(new Set(served.map(({ keyHash }) => keyHash)).size).toBe(4)
    await stop()
    expect(outcomes.every(({ outcome }) => outcome.kind === 'ok')).toBe(true)
  })

  it.each(['Your request was blocked by our content filter', 'Nope (rule 17)'])(
    'is sent once, to one key: %s',
    async (message) => {
      const { chat, simulator } = await open({ ...keys, channels: fourKeys })
      simulator.script(refuse({ message }))
      expect((await chat(forbiddenChat)).status).toBe(403)
      expect(simulator.log()).toHaveLength(1)
    },
  )

  it('with 200 and moderation_blocked gets 400 after one call, without charge', async () => {
    const { chat, simulator, ledger, stop } = await open({ ...keys, channels: fourKeys })
    const body = { error: { code: 'moderation_blocked', message: 'no' } }
    simulator.script(refuse({ status: 200, body }))
    const { status, text } = await chat(forbiddenChat)
    expect([status, errorOf(text).code]).toEqual([400, 'content_policy_violation'])
    expect(simulator.log()).toHaveLength(1)
    await stop()
    expect(ledger.records).toEqual([])
  })

  it('repeatedly by one key lowers its priority without a state change', async () => {
    const { chat, simulator, outcomes, stop } = await open({ ...keys, channels: fourKeys })
    const behaviour = { kind: 'status', status: 403, message: 'Forbidden' }
    simulator.script({ match: { key: 'key-a' }, times: null, behaviour } as never)
    for (let count = 0; count < 80; count += 1) await chat()
    expect(simulator.log().filter(({ behaviour }) => behaviour === 'status')).toHaveLength(5)
    await stop()
    expect(outcomes.every(({ outcome }) => outcome.kind === 'ok')).toBe(true)
  })
})

describe('a failure that concerns a part of a key', () => {
  it('is a rate limit of one model: the key still serves the others', async () => {
    const { chat, simulator, outcomes, stop } = await open({
      simulator: { keys: ['key-a'] },
      channels: (make) => [make(1, { secrets: ['key-a'] })],
    })
    const behaviour = { kind: 'status', status: 429, headers: { 'retry-after': '40' } }
    simulator.script({ match: { model: 'gpt-5-mini' }, times: null, behaviour } as never)
    const first = await chat()
    expect([first.status, first.headers['retry-after']]).toEqual([503, '40'])
    expect((await chat({ model: 'org/tiny' })).status).toBe(200)
    const second = await chat()
    expect(second.status).toBe(503)
    expect(Number(second.headers['retry-after'])).toBeGreaterThan(30)
    expect(simulator.log()).toHaveLength(2)
    await stop()
    const limited = outcomes.filter(({ outcome }) => outcome.kind === 'limited')
    expect(limited).toMatchObject([
      { credentialId: id('cred', '10'), outcome: { model: 'gpt-5-mini' } },
    ])
  })

  it('is not an exhausted account quota, which cools the whole key down', async () => {
    const { chat, simulator } = await open({
      simulator: { keys: ['key-a'] },
      channels: (make) => [make(1, { secrets: ['key-a'] })],
    })
    simulator.script({ behaviour: { kind: 'status', status: 429, code: 'insufficient_quota' } })
    expect((await chat()).status).toBe(503)
    expect((await chat({ model: 'org/tiny' })).status).toBe(503)
    expect(simulator.log()).toHaveLength(1)
  })

  it.each([
    ['by its code', { status: 401, code: 'missing_scope', message: 'no' }],
    [
      'by its message',
      {
        status: 403,
        message:
          'You have insufficient permissions for this operation. Missing scopes: model.request',
      },
    ],
  ])(
    'is a missing permission %s: other keys are preferred from then on',
    async (_name, behaviour) => {
      const { chat, simulator, outcomes, stop } = await open({
        simulator: { keys: ['key-a', 'key-b'] },
        channels: (make) => [
          make(1, { priority: 2, secrets: ['key-a'] }),
          make(2, { priority: 1, secrets: ['key-b'] }),
        ],
      })
      simulator.script({
        match: { key: 'key-a' },
        times: null,
        behaviour: { kind: 'status', ...behaviour },
      })
      for (let count = 0; count < 5; count += 1) expect((await chat()).status).toBe(200)
      expect(simulator.log().filter(({ behaviour }) => behaviour === 'status')).toHaveLength(1)
      await stop()
      const denied = outcomes.filter(({ outcome }) => outcome.kind !== 'ok')
      expect(denied).toMatchObject([{ outcome: { kind: 'denied', operation: 'chat' } }])
    },
  )

  it('is a 401 without a reason: the key cools down and is not marked invalid', async () => {
    const { chat, simulator, outcomes, stop } = await open({ ...keys, channels: fourKeys })
    simulator.script({
      match: { key: 'key-a' },
      times: null,
      behaviour: { kind: 'status', status: 401, body: '' },
    })
    for (let count = 0; count < 12; count += 1) expect((await chat()).status).toBe(200)
    expect(simulator.log().filter(({ behaviour }) => behaviour === 'status')).toHaveLength(1)
    await stop()
    const reported = outcomes.filter(({ outcome }) => outcome.kind !== 'ok')
    expect(reported).toMatchObject([{ outcome: { kind: 'refused', operation: 'chat' } }])
  })
})

describe('a detailed upstream error', () => {
  const long = `Invalid size: ${'one of the many sizes, '.repeat(90)}`
  const named = { param: 'size', code: 'invalid_value', type: 'invalid_request_error' }

  it.each([
    ['short', 'Invalid size'],
    ['long', long],
    ['longer than the error size limit', 'Invalid size '.repeat(12_000)],
    ['of several lines', 'Invalid\nsize'],
  ])('keeps its param and code, for JSON and streams: %s', async (_name, message) => {
    const { chat, simulator } = await open()
    const body = { error: { ...named, message } }
    simulator.script({ times: null, behaviour: { kind: 'status', status: 400, body } })
    for (const stream of [false, true]) {
      const { status, text } = await chat({ stream })
      expect(status).toBe(400)
      expect(errorOf(text)).toMatchObject({ param: 'size', code: 'invalid_value' })
      expect(errorOf(text).message).toMatch(/^Invalid/)
      expect(text.length).toBeLessThan(1_500)
    }
  })

  it('keeps text that merely looks like ids, and redacts keys and organisations', async () => {
    const { chat, simulator } = await open({
      simulator: { keys: ['a-secret-of-a-look-alike'] },
      channels: (make) => [
        make(1, {
          secrets: ['a-secret-of-a-look-alike'],
          settings: { organization: 'the-operators-org' },
        }),
      ],
    })
    const unchanged = 'Unknown field user_location_hint, key_terms'
    simulator.script({ behaviour: { kind: 'status', status: 400, message: unchanged } })
    expect(errorOf((await chat()).text).message).toBe(unchanged)
    const message = 'Key a-secret-of-a-look-alike of the-operators-org, sk-abcdef0123456789'
    simulator.script({ behaviour: { kind: 'status', status: 400, message } })
    expect(errorOf((await chat()).text).message).toBe('Key [removed] of [removed], [removed]')
  })
})
