import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, it } from 'vitest'

import { createAttempts } from './attempts.ts'

const rule = { kind: 'sign-in', failuresMax: 3, everyMs: 60_000 }
const ada = [{ rule, name: 'ada' }]

function setUp() {
  const clock = fakeClock()
  return { clock, attempts: createAttempts({ clock }) }
}
const refused = (retryAfterMs: number) =>
  expect.objectContaining({ code: 'too_many_attempts', retryAfterMs })

it('lets so many fail, then one each time', async () => {
  const { clock, attempts } = setUp()
  for (let n = 0; n < 3; n += 1) attempts.begin(ada)
  expect(() => attempts.begin(ada)).toThrow(refused(60_000))
  await clock.advance(45_000)
  expect(() => attempts.begin(ada)).toThrow(refused(15_000))
  await clock.advance(15_000)
  attempts.begin(ada)
  expect(() => attempts.begin(ada)).toThrow(refused(60_000))
})

it('counts attempts that are under way, and none that succeeded', () => {
  const { attempts } = setUp()
  const backs = [1, 2, 3].map(() => attempts.begin(ada))
  expect(() => attempts.begin(ada)).toThrow(refused(60_000))
  for (const takeBack of backs) takeBack()
  for (let n = 0; n < 3; n += 1) attempts.begin(ada)
})

it('counts each name and each rule for itself, and nothing for who is refused', () => {
  const { attempts } = setUp()
  const wide = { rule: { ...rule, kind: 'address', failuresMax: 4 }, name: 'ada' }
  for (let n = 0; n < 3; n += 1) attempts.begin([...ada, wide])
  for (let n = 0; n < 9; n += 1) {
    expect(() => attempts.begin([...ada, wide])).toThrow(refused(60_000))
  }
  attempts.begin([{ rule, name: 'bob' }, wide])
  expect(() => attempts.begin([wide])).toThrow(refused(60_000))
})

it('an hour without failures forgives them all', async () => {
  const { clock, attempts } = setUp()
  for (let n = 0; n < 3; n += 1) attempts.begin(ada)
  await clock.advance(3_600_000)
  for (let n = 0; n < 3; n += 1) attempts.begin(ada)
  expect(() => attempts.begin(ada)).toThrow(refused(60_000))
})
