import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { afterEach, describe, expect, it } from 'vitest'

import { oneChannel, raw } from './bad-upstream.ts'
import type { Fixture, FixtureOptions } from './fixture.ts'
import { createFixture } from './fixture.ts'

let current: Fixture | undefined
const open = async (options?: FixtureOptions) => (current = await createFixture(options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

describe('consecutive invalid answers', () => {
  it('cool the key down for longer each time, until a valid answer resets it', async () => {
    const clock = fakeClock()
    const fixture = await open({ ...oneChannel, clock })
    const { chat, simulator } = fixture
    const statuses = async (count: number) => {
      const seen: number[] = []
      while (seen.length < count) seen.push((await chat()).status)
      return seen
    }
    simulator.script(raw({ headers: { 'content-type': 'text/html' }, chunks: ['<html></html>'] }))
    expect(await statuses(3)).toEqual([502, 502, 502])
    expect(await statuses(1)).toEqual([503])
    await clock.advance(2_000)
    expect(await statuses(2)).toEqual([502, 503])
    await clock.advance(2_000)
    expect(await statuses(1)).toEqual([503])
    await clock.advance(2_000)
    expect(await statuses(2)).toEqual([502, 503])
    expect(simulator.log()).toHaveLength(5)

    simulator.script([], { reset: true })
    await clock.advance(8_000)
    expect(await statuses(3)).toEqual([200, 200, 200])
    simulator.script(raw({ chunks: [] }))
    expect(await statuses(2)).toEqual([502, 502])
    simulator.script([], { reset: true })
    expect(await statuses(1)).toEqual([200])
    await fixture.stop()
    expect(fixture.outcomes.filter(({ outcome }) => outcome.kind === 'failed')).toHaveLength(7)
  })
})
