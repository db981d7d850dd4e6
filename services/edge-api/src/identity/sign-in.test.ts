import type { FakeClock } from '@sluice/kernel/testing/fake-clock'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { seededRandom } from '@sluice/kernel/random'
import { describe, expect, it } from 'vitest'

import { memoryIdentityStore } from '../store/memory-identity-store.ts'
import { sampleUser } from '../testing/sample-user.ts'
import { createAttempts } from './attempts.ts'
import type { IdentityContext } from './identity-deps.ts'
import { createDeviceCookie } from './device-cookie.ts'
import { createHostCookie } from './host-cookie.ts'
import { createSessionTokens } from './session-tokens.ts'
import { createSignInThrottle } from './sign-in-throttle.ts'
import { signIn } from './sign-in.ts'

/** Passwords are compared in plain text: these tests are about how often they may be compared. */
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
    throttle: createSignInThrottle({ clock }),
    attempts: createAttempts({ clock }),
    passwords: {
      hash: async (password) => password,
      matches: async (hash, password) => {
        compared += 1
        return hash === password
      },
    },
  }
  await store.insertUser(sampleUser({ email: 'ada@b.test', passwordHash: 'right' }))
  let cookie: string | undefined
  const attemptSignIn = (
    password = 'right',
    from: { address?: string; isKnown?: boolean } = {},
  ) => {
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
  return { clock, attemptSignIn, compared: () => compared }
}

const wrong = 'wrong_credentials'

const settled = () => new Promise<void>((resolve) => void setImmediate(resolve))

/** Advances the clock until the work is done. */
async function inTime<Result>(clock: FakeClock, work: Promise<Result>): Promise<Result> {
  const state = { over: false }
  const end = () => void (state.over = true)
  work.then(end, end)
  for (; !state.over; await settled()) await clock.advance(50)
  return work
}

describe('many wrong passwords', () => {
  it('of one address slow down that address, one after the other, and lock no user out', async () => {
    const { clock, attemptSignIn, compared } = await setUp()
    for (let n = 0; n < 10; n += 1) expect(await attemptSignIn('wrong')).toBe(wrong)
    const slowed = [attemptSignIn('wrong'), attemptSignIn('wrong'), attemptSignIn()]
    await settled()
    await clock.advance(249)
    expect(compared()).toBe(10)
    // Other addresses do not wait.
    expect(await attemptSignIn('right', { address: '198.51.100.1' })).toBe('in')
    await clock.advance(1)
    expect(await slowed[0]).toBe(wrong)
    expect(compared()).toBe(12)
    expect(await inTime(clock, Promise.all(slowed))).toEqual([wrong, wrong, 'in'])
  })

  it('at once are rejected when four of the address wait, and do not count', async () => {
    const { clock, attemptSignIn } = await setUp()
    const all = Promise.all(Array.from({ length: 40 }, () => attemptSignIn('wrong')))
    const elsewhere = attemptSignIn('right', { address: '198.51.100.1' })
    const ends = await inTime(clock, all)
    expect(ends.filter((end) => end === 'too_many_attempts')).toHaveLength(26)
    expect(ends.filter((end) => end === wrong)).toHaveLength(14)
    expect(await elsewhere).toBe('in')
  })

  it('of many addresses delay a new device by a bound, and a known one not at all', async () => {
    const { clock, attemptSignIn } = await setUp()
    expect(await attemptSignIn()).toBe('in')
    const guesses = Array.from({ length: 500 }, (_, n) =>
      attemptSignIn('wrong', { address: `198.51.${n % 250}.${n}` }),
    )
    expect(await attemptSignIn('right', { isKnown: true })).toBe('in')
    const isNew = attemptSignIn('right', { address: '192.0.2.1' })
    expect(await inTime(clock, isNew)).toBe('in')
    expect(new Set(await inTime(clock, Promise.all(guesses)))).toEqual(new Set([wrong]))
  })

  it('have no effect on a device that signed in before, day after day', async () => {
    const { clock, attemptSignIn } = await setUp()
    expect(await attemptSignIn()).toBe('in')
    for (let hour = 0; hour < 24; hour += 1) {
      const guesses = Array.from({ length: 100 }, (_, n) =>
        attemptSignIn('wrong', { address: `198.51.100.${n}` }),
      )
      await inTime(clock, Promise.all(guesses))
      await clock.advance(3_600_000)
    }
    for (let n = 0; n < 10; n += 1)
      expect(await attemptSignIn('right', { isKnown: true })).toBe('in')
  })
})

it('right passwords are limited too, because each writes a session', async () => {
  const { clock, attemptSignIn } = await setUp()
  for (let n = 0; n < 120; n += 1) expect(await attemptSignIn()).toBe('in')
  expect(await attemptSignIn()).toBe('too_many_attempts')
  await clock.advance(10_000)
  expect(await attemptSignIn()).toBe('in')
})
