import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, test } from 'vitest'
import { REQUEST_TIMEOUT_MS, SLOW_MS, fetchHealth } from './health.ts'

const never = new AbortController().signal
const answersAfter = (clock: ReturnType<typeof fakeClock>, ms: number) => (signal: AbortSignal) =>
  clock.sleep(ms, signal)

test('a gateway that answers in time is well, and one that takes its time is slow', async () => {
  const clock = fakeClock()
  const quick = fetchHealth({ clock, ask: answersAfter(clock, 40) }, never)
  await clock.advance(40)
  expect(await quick).toEqual({ state: 'well', durationMs: 40 })
  const late = fetchHealth({ clock, ask: answersAfter(clock, SLOW_MS + 1) }, never)
  await clock.advance(SLOW_MS + 1)
  expect(await late).toEqual({ state: 'slow', durationMs: SLOW_MS + 1 })
})

test('a gateway that refuses, or says nothing until the timeout, is away', async () => {
  const clock = fakeClock()
  const ask = () => Promise.reject(new Error('connection refused'))
  expect(await fetchHealth({ clock, ask }, never)).toEqual({ state: 'away' })
  const silent = fetchHealth({ clock, ask: answersAfter(clock, 60_000) }, never)
  await clock.advance(REQUEST_TIMEOUT_MS)
  expect(await silent).toEqual({ state: 'away' })
})
