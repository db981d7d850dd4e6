import { simulate } from '@sluice/testkit/simulate'
import { expect, it } from 'vitest'

import type { Circuit } from './circuit-breaker.ts'
import { circuitState, closedCircuit, recordFailure, recordSuccess } from './circuit-breaker.ts'

interface Simulation {
  nowMs: number
  circuit: Circuit
  before: Circuit
  /** Whether the last step was the outcome of a probe. */
  probed: boolean
}

const OPEN_MS_MAX = 300_000

const apply =
  (record: typeof recordFailure, asProbe: boolean) =>
  (simulation: Simulation): string => {
    // The pool grants a probe only for a half-open circuit.
    const probe = asProbe && circuitState(simulation.circuit, simulation.nowMs) === 'half-open'
    simulation.before = simulation.circuit
    simulation.circuit = record(simulation.circuit, { atMs: simulation.nowMs, probe })
    simulation.probed = probe
    return circuitState(simulation.circuit, simulation.nowMs)
  }

it.each([1, 2, 3, 4, 5])(
  'an open circuit changes by the outcome of a probe only, and its open time is bounded (seed %i)',
  async (seed) => {
    const simulation = await simulate<Simulation>({
      seed,
      steps: 5_000,
      createState: () => ({
        nowMs: 0,
        circuit: closedCircuit,
        before: closedCircuit,
        probed: false,
      }),
      actions: [
        { name: 'success', weight: 2, run: apply(recordSuccess, false) },
        { name: 'failure', weight: 5, run: apply(recordFailure, false) },
        { name: 'probe succeeds', run: apply(recordSuccess, true) },
        { name: 'probe fails', run: apply(recordFailure, true) },
        {
          name: 'time passes',
          weight: 4,
          run: (simulation, random) => {
            simulation.nowMs += random.integer(random.next() < 0.1 ? 400_000 : 4_000)
            simulation.before = simulation.circuit
          },
        },
      ],
      check: ({ circuit, before, nowMs, probed }) => {
        if (before.state === 'open' && circuit !== before && !probed) {
          throw new Error('an open circuit changed without the outcome of a probe')
        }
        if (circuit.state === 'open' && circuit.untilMs - nowMs > OPEN_MS_MAX) {
          throw new Error('a circuit stays open for too long')
        }
        if (circuit.state === 'open' && circuit !== before && circuit.untilMs <= nowMs) {
          throw new Error('a circuit that has just opened allows calls')
        }
      },
    })
    expect(simulation.nowMs).toBeGreaterThan(0)
  },
)
