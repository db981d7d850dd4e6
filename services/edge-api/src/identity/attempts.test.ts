import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, it } from 'vitest'

import { createAttempts } from './attempts.ts'

const rule = { kind: 'sign-in', failuresMax: 3, everyMs: 60_000 }
const ada = [{ rule, name: 'ada' }]

function setUp() {
  const clock = fakeClock()
  return { clock, attempts: createAttempts({ clock }) }
}
const limited = (retryAfterMs: number) =>
  expect.objectContaining({ code: 'too_many_attempts', retryAfterMs })

it('allows failuresMax failures, then one per everyMs', async () => {
  const { clock, attempts } = setUp()
  for (let n = 0; n < 3; n += 1) attempts.begin(ada)
  expect(() => attempts.begin(ada)).toThrow(limited(60_000))
  await clock.advance(45_000)
  expect(() => attempts.begin(ada)).toThrow(limited(15_000))
  await clock.advance(15_000)
  attempts.begin(ada)
  expect(() => attempts.begin(ada)).toThrow(limited(60_000))
})

it('counts attempts in progress, but not attempts that succeeded', () => {
  const { attempts } = setUp()
  const undos = [1, 2, 3].map(() => attempts.begin(ada))
  expect(() => attempts.begin(ada)).toThrow(limited(60_000))
  for (const uncount of undos) uncount()
  for (let n = 0; n < 3; n += 1) attempts.begin(ada)
})

it('counts each name and each rule separately, and counts nothing for a rejected attempt', () => {
  const { attempts } = setUp()
  const wide = { rule: { ...rule, kind: 'address', failuresMax: 4 }, name: 'ada' }
  for (let n = 0; n < 3; n += 1) attempts.begin([...ada, wide])
  for (let n = 0; n < 9; n += 1) {
    expect(() => attempts.begin([...ada, wide])).toThrow(limited(60_000))
  }
  attempts.begin([{ rule, name: 'bob' }, wide])
  expect(() => attempts.begin([wide])).toThrow(limited(60_000))
})

it('forgets all failures after an hour without failures', async () => {
  const { clock, attempts } = setUp()
  for (let n = 0; n < 3; n += 1) attempts.begin(ada)
  await clock.advance(3_600_000)
  for (let n = 0; n < 3; n += 1) attempts.begin(ada)
  expect(() => attempts.begin(ada)).toThrow(limited(60_000))
})
