import { afterEach, describe, expect, it } from 'vitest'

import type { MakeChannel } from './channels.ts'
import type { Fixture, FixtureOptions } from './fixture.ts'
import { createFixture } from './fixture.ts'

let current: Fixture | undefined
const open = async (options?: FixtureOptions) => (current = await createFixture(options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

type Credential = ReturnType<MakeChannel>['credentials'][number]

/** One channel with one credential per override. */
const oneChannel =
  (...overrides: Partial<Credential>[]) =>
  (make: MakeChannel) => {
    const channel = make(1, { secrets: overrides.map((_, at) => `key-${at}`) })
    const credentials = channel.credentials.map((one, at) => ({ ...one, ...overrides[at] }))
    return [{ ...channel, credentials }]
  }
const keys = { simulator: { keys: ['key-0', 'key-1'] } }
const inMs = (ms: number) => new Date(Date.now() + ms)
const adviceOf = ({ status, headers }: Awaited<ReturnType<Fixture['chat']>>) => [
  status,
  Number(headers['retry-after']),
]

describe('a caller who finds no upstream available gets a retry-after', () => {
  it('of the earliest end of a cooldown', async () => {
    const cooldowns = [{ coolingUntil: inMs(40_000) }, { coolingUntil: inMs(17_500) }]
    const { chat } = await open({ ...keys, channels: oneChannel(...cooldowns) })
    const [status, seconds] = adviceOf(await chat())
    expect(status).toBe(503)
    expect(seconds).toBeGreaterThan(10)
    expect(seconds).toBeLessThanOrEqual(18)
  })

  it('of 30 seconds when every credential needs an operator', async () => {
    const { chat } = await open({ ...keys, channels: oneChannel({ state: 'attention' }) })
    expect(adviceOf(await chat())).toEqual([503, 30])
  })

  it('of 2 seconds when every slot is taken and no call has ended yet', async () => {
    const { chat, simulator } = await open({ ...keys, channels: oneChannel({ concurrencyMax: 1 }) })
    simulator.script({ latencyMs: 500 })
    const running = chat()
    await expect.poll(() => simulator.log().length).toBe(1)
    expect(adviceOf(await chat())).toEqual([503, 2])
    expect((await running).status).toBe(200)
  })

  it('of the default cooldown when the upstream sent no retry-after', async () => {
    const { chat, simulator } = await open({ ...keys, channels: oneChannel({}) })
    simulator.script({ times: null, behaviour: { kind: 'status', status: 429 } })
    expect(adviceOf(await chat())).toEqual([503, 5])
    const [status, seconds] = adviceOf(await chat())
    expect(status).toBe(503)
    expect(seconds).toBeGreaterThan(1)
    expect(seconds).toBeLessThanOrEqual(5)
  })
})
