import { describe, expect, it } from 'vitest'

import type { Circuit } from './circuit-breaker.ts'
import {
  circuitState,
  closedCircuit,
  FAILURES_TO_TRIP,
  recordFailure,
  recordSuccess,
} from './circuit-breaker.ts'

const fail = (circuit: Circuit, times: number, { atMs = 0, everyMs = 0, probe = false } = {}) => {
  let next = circuit
  for (let turn = 0; turn < times; turn += 1) {
    next = recordFailure(next, { atMs: atMs + turn * everyMs, probe })
  }
  return next
}
const tripped = fail(closedCircuit, FAILURES_TO_TRIP)

describe('a closed circuit', () => {
  it('opens with the last of FAILURES_TO_TRIP failures', () => {
    const almost = fail(closedCircuit, FAILURES_TO_TRIP - 1)
    expect(circuitState(almost, 0)).toBe('closed')
    expect(circuitState(fail(almost, 1), 0)).toBe('open')
  })

  it('counts consecutive failures: a success resets the count', () => {
    const almost = fail(closedCircuit, FAILURES_TO_TRIP - 1)
    const reset = recordSuccess(almost, { atMs: 0, probe: false })
    expect(reset).toBe(closedCircuit)
    expect(circuitState(fail(reset, FAILURES_TO_TRIP - 1), 0)).toBe('closed')
  })

  it('does not count a failure that is more than a minute older than the next', () => {
    const rare = fail(closedCircuit, FAILURES_TO_TRIP * 3, { everyMs: 60_001 })
    expect(circuitState(rare, 0)).toBe('closed')
    const often = fail(closedCircuit, FAILURES_TO_TRIP, { everyMs: 60_000 })
    expect(often.state).toBe('open')
  })

  it('is the same object after a success without an effect', () => {
    expect(recordSuccess(closedCircuit, { atMs: 5, probe: false })).toBe(closedCircuit)
  })
})

describe('an open circuit', () => {
  it('is half-open after its open time', () => {
    expect(tripped).toMatchObject({ untilMs: 5_000, trips: 1 })
    expect(circuitState(tripped, 4_999)).toBe('open')
    expect(circuitState(tripped, 5_000)).toBe('half-open')
  })

  it('closes after a successful probe only', () => {
    expect(recordSuccess(tripped, { atMs: 6_000, probe: true })).toBe(closedCircuit)
    expect(recordSuccess(tripped, { atMs: 6_000, probe: false })).toBe(tripped)
  })

  it('is not extended by failures of calls that began before it opened', () => {
    expect(fail(tripped, 10, { atMs: 6_000 })).toBe(tripped)
  })

  it('stays open twice as long after each failed probe, and at most five minutes', () => {
    const openMs: number[] = []
    let circuit: Circuit = tripped
    for (let turn = 0; turn < 9; turn += 1) {
      const atMs = circuit.state === 'open' ? circuit.untilMs : 0
      circuit = recordFailure(circuit, { atMs, probe: true })
      if (circuit.state === 'open') openMs.push(circuit.untilMs - atMs)
    }
    expect(openMs).toEqual([
      10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000, 300_000,
    ])
  })

  it('starts with the base open time again after it was closed', () => {
    const worse = recordFailure(tripped, { atMs: 5_000, probe: true })
    const closed = recordSuccess(worse, { atMs: 20_000, probe: true })
    expect(fail(closed, FAILURES_TO_TRIP, { atMs: 30_000 })).toMatchObject({ untilMs: 35_000 })
  })
})
