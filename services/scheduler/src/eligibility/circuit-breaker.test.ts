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
  it('stays closed for one failure less than it takes, and opens with the next', () => {
    const almost = fail(closedCircuit, FAILURES_TO_TRIP - 1)
    expect(circuitState(almost, 0)).toBe('closed')
    expect(circuitState(fail(almost, 1), 0)).toBe('open')
  })

  it('counts failures in a row: a success between them begins anew', () => {
    const almost = fail(closedCircuit, FAILURES_TO_TRIP - 1)
    const spared = recordSuccess(almost, { atMs: 0, probe: false })
    expect(spared).toBe(closedCircuit)
    expect(circuitState(fail(spared, FAILURES_TO_TRIP - 1), 0)).toBe('closed')
  })

  it('forgets a failure that nothing followed for a minute', () => {
    const rare = fail(closedCircuit, FAILURES_TO_TRIP * 3, { everyMs: 60_001 })
    expect(circuitState(rare, 0)).toBe('closed')
    const often = fail(closedCircuit, FAILURES_TO_TRIP, { everyMs: 60_000 })
    expect(often.state).toBe('open')
  })

  it('is the same object after a success that taught nothing', () => {
    expect(recordSuccess(closedCircuit, { atMs: 5, probe: false })).toBe(closedCircuit)
  })
})

describe('an open circuit', () => {
  it('is half-open from the end of its time on', () => {
    expect(tripped).toMatchObject({ untilMs: 5_000, trips: 1 })
    expect(circuitState(tripped, 4_999)).toBe('open')
    expect(circuitState(tripped, 5_000)).toBe('half-open')
  })

  it('closes on the word of its probe only', () => {
    expect(recordSuccess(tripped, { atMs: 6_000, probe: true })).toBe(closedCircuit)
    expect(recordSuccess(tripped, { atMs: 6_000, probe: false })).toBe(tripped)
  })

  it('is not opened further by calls that began before it tripped', () => {
    expect(fail(tripped, 10, { atMs: 6_000 })).toBe(tripped)
  })

  it('stays open twice as long after each probe that fails, and five minutes at most', () => {
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

  it('begins with a short time again once it has been closed', () => {
    const worse = recordFailure(tripped, { atMs: 5_000, probe: true })
    const closed = recordSuccess(worse, { atMs: 20_000, probe: true })
    expect(fail(closed, FAILURES_TO_TRIP, { atMs: 30_000 })).toMatchObject({ untilMs: 35_000 })
  })
})
