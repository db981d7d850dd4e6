import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect, test } from 'vitest'
import { REQUEST_TIMEOUT_MS, SLOW_MS, fetchHealth } from './health.ts'

const never = new AbortController().signal
const respondsAfter = (clock: ReturnType<typeof fakeClock>, ms: number) => (signal: AbortSignal) =>
  clock.sleep(ms, signal)

test('a gateway that responds in time is healthy, and a late one is slow', async () => {
  const clock = fakeClock()
  const quick = fetchHealth({ clock, request: respondsAfter(clock, 40) }, never)
  await clock.advance(40)
  expect(await quick).toEqual({ state: 'healthy', durationMs: 40 })
  const late = fetchHealth({ clock, request: respondsAfter(clock, SLOW_MS + 1) }, never)
  await clock.advance(SLOW_MS + 1)
  expect(await late).toEqual({ state: 'slow', durationMs: SLOW_MS + 1 })
})

test('a gateway that refuses, or does not respond before the timeout, is unreachable', async () => {
  const clock = fakeClock()
  const request = () => Promise.reject(new Error('connection refused'))
  expect(await fetchHealth({ clock, request }, never)).toEqual({ state: 'unreachable' })
  const silent = fetchHealth({ clock, request: respondsAfter(clock, 60_000) }, never)
  await clock.advance(REQUEST_TIMEOUT_MS)
  expect(await silent).toEqual({ state: 'unreachable' })
})
