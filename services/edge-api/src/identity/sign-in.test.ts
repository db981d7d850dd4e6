import type { FakeClock } from '@sluice/kernel/testing/fake-clock'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { seededRandom } from '@sluice/kernel/random'
import { describe, expect, it } from 'vitest'

import { memoryIdentityStore } from '../store/memory-identity-store.ts'
import { createAttempts } from './attempts.ts'
import type { IdentityContext } from './identity-deps.ts'
import { createDeviceCookie } from './device-cookie.ts'
import { createHostCookie } from './host-cookie.ts'
import { createSessionTokens } from './session-tokens.ts'
import { createSignInPace } from './sign-in-pace.ts'
import { signIn } from './sign-in.ts'

/** Passwords are compared as they are: what is looked at here is how often they may be. */
async function setUp() {
  const clock = fakeClock(Date.UTC(2026, 10, 21, 9))
  const store = memoryIdentityStore()
  const pepper = Buffer.alloc(32, 7).toString('base64')
  const device = createHostCookie('sluice_device', { publicBaseUrl: undefined })
  let compared = 0
  const context: IdentityContext = {
    store,
    clock,
    pepper,
    random: seededRandom(1),
    log: recordedLog(),
    bus: { announce: async () => undefined },
    publicBaseUrl: undefined,
    registration: 'closed',
    sessionIdleMs: 60_000,
    tokens: createSessionTokens({ pepper }),
    cookie: createHostCookie('sluice_session', { publicBaseUrl: undefined }),
    devices: createDeviceCookie({ pepper, clock, random: seededRandom(2), cookie: device }),
    pace: createSignInPace({ clock }),
    attempts: createAttempts({ clock }),
    passwords: {
      hash: async (password) => password,
      matches: async (hash, password) => {
        compared += 1
        return hash === password
      },
    },
  }
  await store.insertUser({
    id: 'usr_1',
    wallet: 'wal_1',
    email: 'ada@b.test',
    role: 'user',
    passwordHash: 'right',
    createdAt: clock.now(),
  })
  let cookie: string | undefined
  const enter = (password = 'right', from: { address?: string; isKnown?: boolean } = {}) => {
    const { address = '203.0.113.9', isKnown = false } = from
    const call = { email: 'ada@b.test', password, address, cookie: isKnown ? cookie : undefined }
    return signIn(context, call).then(
      ({ deviceCookie }) => {
        cookie = deviceCookie?.split(';')[0]
        return 'in'
      },
      (error: { code: string }) => error.code,
    )
  }
  return { clock, enter, compared: () => compared }
}

const wrong = 'wrong_credentials'

const settled = () => new Promise<void>((resolve) => void setImmediate(resolve))

/** Lets time pass until it is done. */
async function inTime<Result>(clock: FakeClock, work: Promise<Result>): Promise<Result> {
  const state = { over: false }
  const end = () => void (state.over = true)
  work.then(end, end)
  for (; !state.over; await settled()) await clock.advance(50)
  return work
}

describe('many wrong passwords', () => {
  it('of one address slow that address down, one after the other, and shut nobody out', async () => {
    const { clock, enter, compared } = await setUp()
    for (let n = 0; n < 10; n += 1) expect(await enter('wrong')).toBe(wrong)
    const slowed = [enter('wrong'), enter('wrong'), enter()]
    await settled()
    await clock.advance(249)
    expect(compared()).toBe(10)
    // Elsewhere nobody waits.
    expect(await enter('right', { address: '198.51.100.1' })).toBe('in')
    await clock.advance(1)
    expect(await slowed[0]).toBe(wrong)
    expect(compared()).toBe(12)
    expect(await inTime(clock, Promise.all(slowed))).toEqual([wrong, wrong, 'in'])
  })

  it('at once are refused to the address that sends them as soon as four wait, and cost it nothing', async () => {
    const { clock, enter } = await setUp()
    const all = Promise.all(Array.from({ length: 40 }, () => enter('wrong')))
    const elsewhere = enter('right', { address: '198.51.100.1' })
    const ends = await inTime(clock, all)
    expect(ends.filter((end) => end === 'too_many_attempts')).toHaveLength(26)
    expect(ends.filter((end) => end === wrong)).toHaveLength(14)
    expect(await elsewhere).toBe('in')
  })

  it('of many addresses cost a new device a bounded delay, and a known one none', async () => {
    const { clock, enter } = await setUp()
    expect(await enter()).toBe('in')
    const strangers = Array.from({ length: 500 }, (_, n) =>
      enter('wrong', { address: `198.51.${n % 250}.${n}` }),
    )
    expect(await enter('right', { isKnown: true })).toBe('in')
    const isNew = enter('right', { address: '192.0.2.1' })
    expect(await inTime(clock, isNew)).toBe('in')
    expect(new Set(await inTime(clock, Promise.all(strangers)))).toEqual(new Set([wrong]))
  })

  it('stay without effect on the device that signed in before, day after day', async () => {
    const { clock, enter } = await setUp()
    expect(await enter()).toBe('in')
    for (let hour = 0; hour < 24; hour += 1) {
      const strangers = Array.from({ length: 100 }, (_, n) =>
        enter('wrong', { address: `198.51.100.${n}` }),
      )
      await inTime(clock, Promise.all(strangers))
      await clock.advance(3_600_000)
    }
    for (let n = 0; n < 10; n += 1) expect(await enter('right', { isKnown: true })).toBe('in')
  })
})

it('right passwords are bounded too, since each leaves a session', async () => {
  const { clock, enter } = await setUp()
  for (let n = 0; n < 120; n += 1) expect(await enter()).toBe('in')
  expect(await enter()).toBe('too_many_attempts')
  await clock.advance(10_000)
  expect(await enter()).toBe('in')
})
