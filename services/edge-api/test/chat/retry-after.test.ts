import { afterEach, describe, expect, it } from 'vitest'

import type { MakeChannel } from './channels.ts'
import type { Fixture, FixtureOptions } from './fixture.ts'
import { createFixture } from './fixture.ts'

let here: Fixture | undefined
const open = async (options?: FixtureOptions) => (here = await createFixture(options))
afterEach(async () => {
  await here?.close()
  here = undefined
})

type Credential = ReturnType<MakeChannel>['credentials'][number]

/** One channel whose credentials differ from usual ones by these facts. */
const oneChannel =
  (...facts: Partial<Credential>[]) =>
  (make: MakeChannel) => {
    const channel = make(1, { secrets: facts.map((_, at) => `key-${at}`) })
    const credentials = channel.credentials.map((one, at) => ({ ...one, ...facts[at] }))
    return [{ ...channel, credentials }]
  }
const keys = { simulator: { keys: ['key-0', 'key-1'] } }
const inMs = (ms: number) => new Date(Date.now() + ms)
const adviceOf = ({ status, headers }: Awaited<ReturnType<Fixture['chat']>>) => [
  status,
  Number(headers['retry-after']),
]

describe('who finds no upstream free is told when one may be', () => {
  it('at the earliest end of a rest', async () => {
    const rests = [{ coolingUntil: inMs(40_000) }, { coolingUntil: inMs(17_500) }]
    const { chat } = await open({ ...keys, channels: oneChannel(...rests) })
    const [status, seconds] = adviceOf(await chat())
    expect(status).toBe(503)
    expect(seconds).toBeGreaterThan(10)
    expect(seconds).toBeLessThanOrEqual(18)
  })

  it('in half a minute, when a person is needed and nothing ends by itself', async () => {
    const { chat } = await open({ ...keys, channels: oneChannel({ state: 'attention' }) })
    expect(adviceOf(await chat())).toEqual([503, 30])
  })

  it('soon, when every place is taken and no call has ended yet', async () => {
    const { chat, simulator } = await open({ ...keys, channels: oneChannel({ concurrencyMax: 1 }) })
    simulator.script({ latencyMs: 500 })
    const running = chat()
    await expect.poll(() => simulator.log().length).toBe(1)
    expect(adviceOf(await chat())).toEqual([503, 2])
    expect((await running).status).toBe(200)
  })

  it('when the rest of a limited key ends, although the upstream named no time', async () => {
    const { chat, simulator } = await open({ ...keys, channels: oneChannel({}) })
    simulator.script({ times: null, behaviour: { kind: 'status', status: 429 } })
    expect(adviceOf(await chat())).toEqual([503, 5])
    const [status, seconds] = adviceOf(await chat())
    expect(status).toBe(503)
    expect(seconds).toBeGreaterThan(1)
    expect(seconds).toBeLessThanOrEqual(5)
  })
})
