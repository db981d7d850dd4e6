import { afterEach, describe, expect, it } from 'vitest'

import type { Fixture, FixtureOptions } from './fixture.ts'
import { createFixture } from './fixture.ts'

let current: Fixture | undefined
const open = async (options?: FixtureOptions) => (current = await createFixture(options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

const refuse = (behaviour: object) => ({
  match: { field: 'stream_options' },
  times: null,
  behaviour: { kind: 'status', status: 422, ...behaviour } as never,
})

describe('an upstream that rejects stream_options', () => {
  it.each([
    ['422 with a message', { message: 'stream_options is not permitted' }],
    ['400 with another message', { status: 400, message: 'Unrecognized argument: stream_options' }],
    ['400 that names the nested field', { status: 400, message: 'include_usage is unknown' }],
    [
      '400 by parameter',
      { status: 400, body: { error: { message: 'no', param: 'stream_options' } } },
    ],
    [
      'a FastAPI validation error',
      {
        body: { detail: [{ loc: ['body', 'stream_options'], msg: 'Extra inputs', type: 'extra' }] },
      },
    ],
  ])('with %s gets a retry without it, and later requests omit it', async (_name, behaviour) => {
    const { chat, simulator, ledger, outcomes, stop } = await open()
    simulator.script(refuse(behaviour))
    for (let count = 0; count < 3; count += 1) {
      const { status, text } = await chat({ stream: true })
      expect(status, text).toBe(200)
      expect(text).toContain('[DONE]')
    }
    expect(simulator.log()).toHaveLength(4)
    await stop()
    expect(ledger.records).toHaveLength(3)
    expect(ledger.records).toMatchObject([1, 2, 3].map(() => ({ source: 'estimate' })))
    expect(outcomes.every(({ outcome }) => outcome.kind === 'ok')).toBe(true)
  })

  it('gets the field unchanged when the caller sent it', async () => {
    const { chat, simulator } = await open()
    simulator.script(refuse({ message: 'stream_options is not permitted' }))
    const own = { stream: true, stream_options: { include_usage: true } }
    const { status, text } = await chat(own)
    expect([status, JSON.parse(text).error.message]).toEqual([
      422,
      'stream_options is not permitted',
    ])
    expect(simulator.log()).toHaveLength(1)
  })

  it('gets no retry for an error that names another field', async () => {
    const { chat, simulator } = await open()
    simulator.script(refuse({ status: 400, message: 'temperature must be at most 2' }))
    expect((await chat({ stream: true })).status).toBe(400)
    expect(simulator.log()).toHaveLength(1)
  })
})
