import { expect, test } from 'vitest'

import { startDeadline } from './deadline.ts'
import { fakeClock } from './testing/fake-clock.ts'

test('a deadline aborts at its time and not before', async () => {
  const clock = fakeClock()
  const deadline = startDeadline(clock, 100)
  await clock.advance(99)
  expect(deadline.signal.aborted).toBe(false)
  expect(deadline.remainingMs()).toBe(1)
  await clock.advance(1)
  expect(deadline.signal.aborted).toBe(true)
})

test('a deadline aborts with the reason of its parent signal', () => {
  const parent = new AbortController()
  const deadline = startDeadline(fakeClock(), 100, parent.signal)
  parent.abort(new Error('caller left'))
  expect(deadline.signal.reason).toMatchObject({ message: 'caller left' })
})
