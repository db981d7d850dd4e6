import { sampleCredential } from '@sluice/contracts/testing/sample-catalog'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { describe, expect, it } from 'vitest'

import { everyMinute } from './get-admin-overview.ts'
import { lastKnown } from './last-known.ts'
import { FOLLOWERS_MAX, liveFeed } from './live-feed.ts'
import { countCredentials } from './read-counters.ts'

describe('lastKnown', () => {
  const setUp = () => {
    const clock = fakeClock()
    const log = recordedLog()
    const source = { value: 1, unavailable: false, calls: 0 }
    const load = async () => {
      source.calls += 1
      if (source.unavailable) throw new Error('unavailable')
      return source.value
    }
    return {
      clock,
      log,
      source,
      known: lastKnown({ name: 'x', maxAgeMs: 1_000, load, clock, log }),
    }
  }

  it('loads once for concurrent reads, and again when the value is too old', async () => {
    const { clock, source, known } = setUp()
    expect(await Promise.all([known.read(), known.read()])).toEqual([1, 1])
    source.value = 2
    await clock.advance(999)
    expect(await known.read()).toBe(1)
    await clock.advance(1)
    expect(await known.read()).toBe(2)
    expect(source.calls).toBe(2)
  })

  it('keeps the value while the source is unavailable, logs that once, and then recovers', async () => {
    const { clock, log, source, known } = setUp()
    await known.read()
    source.unavailable = true
    for (let round = 0; round < 3; round += 1) {
      await clock.advance(1_000)
      expect(await known.read()).toBe(1)
      expect(known.isUnavailable()).toBe(true)
    }
    expect(log.lines).toHaveLength(1)
    source.unavailable = false
    source.value = 2
    await clock.advance(1_000)
    expect(await known.read()).toBe(2)
    expect(known.isUnavailable()).toBe(false)
  })

  it('throws when there was never a value', async () => {
    const { source, known } = setUp()
    source.unavailable = true
    await expect(known.read()).rejects.toThrow('unavailable')
    source.unavailable = false
    expect(await known.read()).toBe(1)
  })
})

describe('the live feed', () => {
  const setUp = () => {
    const clock = fakeClock()
    const source = { calls: 0, unavailable: false }
    const read = async () => {
      source.calls += 1
      if (source.unavailable) throw new Error('unavailable')
      return source.calls
    }
    const feed = liveFeed({ read, clock, log: recordedLog() })
    const follow = () => {
      const received: number[] = []
      return { received, leave: feed.follow((value) => void received.push(value)) }
    }
    return { clock, source, feed, follow }
  }

  it('reads once for all followers, about once a second', async () => {
    const { clock, source, follow } = setUp()
    const first = follow()
    await clock.advance(500)
    const second = follow()
    await clock.advance(2_000)
    expect(source.calls).toBe(3)
    expect(first.received).toEqual([1, 2, 3])
    expect(second.received).toEqual([1, 2, 3])
  })

  it('reads nothing without followers, and starts again with the next one', async () => {
    const { clock, source, feed, follow } = setUp()
    const one = follow()
    const two = follow()
    await clock.advance(1)
    one.leave()
    two.leave()
    two.leave()
    await clock.advance(60_000)
    expect([source.calls, feed.followers()]).toEqual([1, 0])
    const late = follow()
    expect(late.received).toEqual([])
    await clock.advance(1)
    expect(late.received).toEqual([2])
  })

  it('skips failed readings', async () => {
    const { clock, source, follow } = setUp()
    const { received } = follow()
    await clock.advance(1)
    source.unavailable = true
    await clock.advance(2_000)
    source.unavailable = false
    await clock.advance(1_000)
    expect(received).toEqual([1, 4])
  })

  it('rejects followers above the limit', () => {
    const { feed, follow } = setUp()
    for (let n = 0; n < FOLLOWERS_MAX; n += 1) follow()
    expect(follow).toThrow(expect.objectContaining({ code: 'overloaded' }))
    expect(feed.followers()).toBe(FOLLOWERS_MAX)
  })
})

it('every minute of the last hour has an entry, also without requests', () => {
  const now = new Date('2026-11-21T09:00:30.000Z')
  const busy = { at: new Date('2026-11-21T08:59:00.000Z'), requests: 5, failures: 1 }
  const minutes = everyMinute([busy], now)
  expect(minutes).toHaveLength(60)
  expect(minutes[0]?.at).toEqual(new Date('2026-11-21T08:01:00.000Z'))
  expect(minutes.slice(-2)).toEqual([
    busy,
    { at: new Date('2026-11-21T09:00:00.000Z'), requests: 0, failures: 0 },
  ])
})

it('counts credentials by their current state, with cooling ones separately', () => {
  const now = new Date(1_000)
  const credential = (state: 'active' | 'paused' | 'attention', coolingUntilMs?: number) =>
    sampleCredential({
      state,
      coolingUntil: coolingUntilMs === undefined ? null : new Date(coolingUntilMs),
    })
  const credentials = [
    credential('active'),
    credential('active', 1_000),
    credential('active', 1_001),
    credential('paused', 1_001),
    credential('attention'),
  ]
  expect(countCredentials([{ credentials }, { credentials: [] }], now)).toEqual({
    active: 2,
    cooling: 1,
    paused: 1,
    attention: 1,
  })
})
