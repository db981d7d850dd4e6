import { expect, test } from 'vitest'

import { createLateCalls, SLACK_MS } from './late-calls.ts'

const withinMs = 5_000

/** A server's clock, and calls of a caller whose clock has an offset from it. */
function createFixture(offsetMs = -7_000_000) {
  let nowMs = 0
  let callerOffsetMs = offsetMs
  const late = createLateCalls({ monotonicMs: () => nowMs })
  return {
    pass: (ms: number) => void (nowMs += ms),
    stepCaller: (ms: number) => void (callerOffsetMs += ms),
    /** A call that arrives `waitedMs` after it was sent. */
    arrivesLate: (waitedMs: number, from = 'edge') =>
      late.isLate({ from, sentMs: nowMs + callerOffsetMs - waitedMs, withinMs }),
  }
}

test('a call in transit for longer than its wait limit is late, whatever the offset of the clocks', () => {
  for (const offsetMs of [-7_000_000, 0, 7_000_000]) {
    const { arrivesLate, pass } = createFixture(offsetMs)
    expect(arrivesLate(2)).toBe(false)
    pass(60_000)
    expect(arrivesLate(withinMs + SLACK_MS + 100)).toBe(true)
    expect(arrivesLate(withinMs)).toBe(false)
    expect(arrivesLate(3)).toBe(false)
  }
})

test('all calls queued while the server was frozen are late', () => {
  const { arrivesLate, pass } = createFixture()
  arrivesLate(1)
  pass(120_000)
  const waited = [120_000, 90_000, 30_000, 8_000]
  expect(waited.map((ms) => arrivesLate(ms))).toEqual(waited.map(() => true))
  expect(arrivesLate(1)).toBe(false)
})

test('the first call of a caller is never late, and callers are tracked separately', () => {
  const { arrivesLate } = createFixture()
  expect(arrivesLate(60_000)).toBe(false)
  expect(arrivesLate(1)).toBe(false)
  expect(arrivesLate(60_000, 'runner')).toBe(false)
  expect(arrivesLate(60_000)).toBe(true)
})

test('a caller whose clock stepped back is served again after ten seconds', () => {
  const { arrivesLate, pass, stepCaller } = createFixture()
  arrivesLate(1)
  stepCaller(-3_600_000)
  expect(arrivesLate(1)).toBe(true)
  pass(5_000)
  expect(arrivesLate(1)).toBe(true)
  pass(5_000)
  expect(arrivesLate(1)).toBe(false)
  expect(arrivesLate(1)).toBe(false)
})

test('clock drift makes no call late within a year', () => {
  const { arrivesLate, pass, stepCaller } = createFixture()
  for (let hour = 0; hour < 8_760; hour += 1) {
    expect(arrivesLate(1)).toBe(false)
    pass(3_600_000)
    stepCaller(-1_000)
  }
})
