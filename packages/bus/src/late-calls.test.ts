import { expect, test } from 'vitest'

import { createLateCalls, SLACK_MS } from './late-calls.ts'

const withinMs = 5_000

/** A server's clock, and calls of one caller whose own clock differs from it. */
function createFixture(offsetMs = -7_000_000) {
  let nowMs = 0
  let callerOffsetMs = offsetMs
  const late = createLateCalls({ monotonicMs: () => nowMs })
  return {
    pass: (ms: number) => void (nowMs += ms),
    stepCaller: (ms: number) => void (callerOffsetMs += ms),
    /** A call that was on its way for so long. */
    arrives: (waitedMs: number, from = 'edge') =>
      late.isLate({ from, sentMs: nowMs + callerOffsetMs - waitedMs, withinMs }),
  }
}

test('a call that waited longer than its caller is late, however much the clocks differ', () => {
  for (const offsetMs of [-7_000_000, 0, 7_000_000]) {
    const { arrives, pass } = createFixture(offsetMs)
    expect(arrives(2)).toBe(false)
    pass(60_000)
    expect(arrives(withinMs + SLACK_MS + 100)).toBe(true)
    expect(arrives(withinMs)).toBe(false)
    expect(arrives(3)).toBe(false)
  }
})

test('all calls that waited in a server that was frozen for long are late', () => {
  const { arrives, pass } = createFixture()
  arrives(1)
  pass(120_000)
  const waited = [120_000, 90_000, 30_000, 8_000]
  expect(waited.map((ms) => arrives(ms))).toEqual(waited.map(() => true))
  expect(arrives(1)).toBe(false)
})

test('the first call of a caller is never late, and one caller says nothing of another', () => {
  const { arrives } = createFixture()
  expect(arrives(60_000)).toBe(false)
  expect(arrives(1)).toBe(false)
  expect(arrives(60_000, 'runner')).toBe(false)
  expect(arrives(60_000)).toBe(true)
})

test('a caller whose clock stood still is served again after ten seconds', () => {
  const { arrives, pass, stepCaller } = createFixture()
  arrives(1)
  stepCaller(-3_600_000)
  expect(arrives(1)).toBe(true)
  pass(5_000)
  expect(arrives(1)).toBe(true)
  pass(5_000)
  expect(arrives(1)).toBe(false)
  expect(arrives(1)).toBe(false)
})

test('clocks that drift apart refuse nobody, in a year', () => {
  const { arrives, pass, stepCaller } = createFixture()
  for (let hour = 0; hour < 8_760; hour += 1) {
    expect(arrives(1)).toBe(false)
    pass(3_600_000)
    stepCaller(-1_000)
  }
})
