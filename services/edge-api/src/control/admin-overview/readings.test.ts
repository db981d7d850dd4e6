import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { describe, expect, it } from 'vitest'

import { everyMinute } from './get-admin-overview.ts'
import { lastKnown } from './last-known.ts'
import { FOLLOWERS_MAX, liveFeed } from './live-feed.ts'
import { countCredentials } from './read-counters.ts'

describe('a reading', () => {
  const rig = () => {
    const clock = fakeClock()
    const log = recordedLog()
    const source = { value: 1, away: false, asked: 0 }
    const take = async () => {
      source.asked += 1
      if (source.away) throw new Error('away')
      return source.value
    }
    return {
      clock,
      log,
      source,
      known: lastKnown({ name: 'x', maxAgeMs: 1_000, take, clock, log }),
    }
  }

  it('is taken once for all who look at the same time, and anew when it is too old', async () => {
    const { clock, source, known } = rig()
    expect(await Promise.all([known.read(), known.read()])).toEqual([1, 1])
    source.value = 2
    await clock.advance(999)
    expect(await known.read()).toBe(1)
    await clock.advance(1)
    expect(await known.read()).toBe(2)
    expect(source.asked).toBe(2)
  })

  it('stands while its source is away, which is said once, and goes on as soon as it is back', async () => {
    const { clock, log, source, known } = rig()
    await known.read()
    source.away = true
    for (let look = 0; look < 3; look += 1) {
      await clock.advance(1_000)
      expect(await known.read()).toBe(1)
      expect(known.isAway()).toBe(true)
    }
    expect(log.lines).toHaveLength(1)
    source.away = false
    source.value = 2
    await clock.advance(1_000)
    expect(await known.read()).toBe(2)
    expect(known.isAway()).toBe(false)
  })

  it('that was never there is an error, not a zero', async () => {
    const { source, known } = rig()
    source.away = true
    await expect(known.read()).rejects.toThrow('away')
    source.away = false
    expect(await known.read()).toBe(1)
  })
})

describe('the live feed', () => {
  const rig = () => {
    const clock = fakeClock()
    const source = { asked: 0, away: false }
    const read = async () => {
      source.asked += 1
      if (source.away) throw new Error('away')
      return source.asked
    }
    const feed = liveFeed({ read, clock, log: recordedLog() })
    const follow = () => {
      const heard: number[] = []
      return { heard, leave: feed.follow((value) => void heard.push(value)) }
    }
    return { clock, source, feed, follow }
  }

  it('has one reader for all who follow, about once a second', async () => {
    const { clock, source, follow } = rig()
    const first = follow()
    await clock.advance(500)
    const second = follow()
    await clock.advance(2_000)
    expect(source.asked).toBe(3)
    expect(first.heard).toEqual([1, 2, 3])
    expect(second.heard).toEqual([1, 2, 3])
  })

  it('reads nothing while nobody follows, and begins anew with who comes', async () => {
    const { clock, source, feed, follow } = rig()
    const one = follow()
    const two = follow()
    await clock.advance(1)
    one.leave()
    two.leave()
    two.leave()
    await clock.advance(60_000)
    expect([source.asked, feed.followers()]).toEqual([1, 0])
    const late = follow()
    expect(late.heard).toEqual([])
    await clock.advance(1)
    expect(late.heard).toEqual([2])
  })

  it('leaves out what it could not read', async () => {
    const { clock, source, follow } = rig()
    const { heard } = follow()
    await clock.advance(1)
    source.away = true
    await clock.advance(2_000)
    source.away = false
    await clock.advance(1_000)
    expect(heard).toEqual([1, 4])
  })

  it('refuses who is one too many', () => {
    const { feed, follow } = rig()
    for (let n = 0; n < FOLLOWERS_MAX; n += 1) follow()
    expect(follow).toThrow(expect.objectContaining({ code: 'overloaded' }))
    expect(feed.followers()).toBe(FOLLOWERS_MAX)
  })
})

it('every minute of the last hour has a point, quiet ones too', () => {
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

it('credentials are counted by what they are now: who rests does not serve', () => {
  const now = new Date(1_000)
  const credential = (state: 'active' | 'paused' | 'attention', restsUntilMs?: number) => ({
    id: 'cred_1',
    state,
    concurrencyMax: 1,
    coolingUntil: restsUntilMs === undefined ? null : new Date(restsUntilMs),
    secret: { keyId: 'k', box: 'b' },
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
