import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { seededRandom } from '@sluice/kernel/random'
import { expect, it } from 'vitest'

import { memoryIdentityStore } from '../store/memory-identity-store.ts'
import { createAttempts } from './attempts.ts'
import type { IdentityParts } from './identity-deps.ts'
import { createSessionCookie } from './session-cookie.ts'
import { createSessionTokens } from './session-tokens.ts'
import { createSignIn } from './sign-in.ts'

/** Passwords are compared as they are: what is looked at here is how often they may be. */
async function setUp() {
  const clock = fakeClock(Date.UTC(2026, 10, 21, 9))
  const store = memoryIdentityStore()
  const pepper = Buffer.alloc(32, 7).toString('base64')
  let compared = 0
  const parts: IdentityParts = {
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
    cookie: createSessionCookie({ publicBaseUrl: undefined }),
    attempts: createAttempts({ clock }),
    passwords: {
      hash: async (password) => password,
      matches: async (hash, password) => {
        compared += 1
        return hash === password
      },
    },
  }
  await store.insertPerson({
    id: 'usr_1',
    wallet: 'wal_1',
    email: 'ada@b.test',
    role: 'user',
    passwordHash: 'right',
    createdAt: clock.now(),
  })
  const signIn = createSignIn(parts)
  const enter = (password = 'right', address = '203.0.113.9') =>
    signIn({ email: 'ada@b.test', password, address }).then(
      () => 'in',
      (error: { code: string }) => error.code,
    )
  const enterOften = async (times: number, ...how: Parameters<typeof enter>) => {
    const ends = await Promise.all(Array.from({ length: times }, () => enter(...how)))
    return ends.filter((end) => end === 'in').length
  }
  return { clock, enter, enterOften, compared: () => compared }
}

it('is slowed down also for who knows the password, so that nobody fills the queue of all', async () => {
  const { clock, enter, compared } = await setUp()
  for (let n = 0; n < 120; n += 1) expect(await enter()).toBe('in')
  const before = compared()
  expect(await enter()).toBe('too_many_attempts')
  expect(await enter('right', '198.51.100.1')).toBe('too_many_attempts')
  expect(compared()).toBe(before)
  await clock.advance(10_000)
  expect(await enter()).toBe('in')
})

it('stays open to a person while strangers fail in their name', async () => {
  const { clock, enter, enterOften } = await setUp()
  expect(await enter()).toBe('in')
  for (let hour = 0; hour < 24; hour += 1) {
    for (let n = 0; n < 100; n += 1) await enter('wrong', `198.51.100.${n}`)
    await clock.advance(3_600_000)
  }
  expect(await enterOften(10)).toBe(10)
})
