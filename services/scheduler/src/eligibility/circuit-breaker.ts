/** Consecutive failures, each within `FAILURE_MEMORY_MS` of the previous one, that open a circuit. */
export const FAILURES_TO_TRIP = 5
const FAILURE_MEMORY_MS = 60_000
const OPEN_MS_BASE = 5_000
const OPEN_MS_MAX = 300_000

/** Half-open is not stored: it is an open circuit whose open time is over. */
export type Circuit =
  | { state: 'closed'; failures: number; lastFailureMs: number }
  | { state: 'open'; untilMs: number; trips: number }

export type CircuitState = 'closed' | 'open' | 'half-open'

export const closedCircuit: Circuit = { state: 'closed', failures: 0, lastFailureMs: 0 }

export function circuitState(circuit: Circuit, nowMs: number): CircuitState {
  if (circuit.state === 'closed') return 'closed'
  return nowMs < circuit.untilMs ? 'open' : 'half-open'
}

/** The time of an outcome, and whether it is that of the one probe of a half-open circuit. */
export interface OutcomeContext {
  atMs: number
  probe: boolean
}

/** A successful probe closes the circuit; a success resets the failures of a closed circuit. */
export function recordSuccess(circuit: Circuit, { probe }: OutcomeContext): Circuit {
  if (circuit.state === 'open') return probe ? closedCircuit : circuit
  return circuit.failures === 0 ? circuit : closedCircuit
}

/**
 * Opens the circuit at the last of `FAILURES_TO_TRIP` failures, and again for twice as long when a probe fails.
 * Failures of calls that began before the circuit opened are ignored.
 */
export function recordFailure(circuit: Circuit, { atMs, probe }: OutcomeContext): Circuit {
  if (circuit.state === 'open') return probe ? trip({ atMs, trips: circuit.trips + 1 }) : circuit
  const recent = atMs - circuit.lastFailureMs <= FAILURE_MEMORY_MS ? circuit.failures : 0
  const failures = recent + 1
  if (failures >= FAILURES_TO_TRIP) return trip({ atMs, trips: 1 })
  return { state: 'closed', failures, lastFailureMs: atMs }
}

function trip({ atMs, trips }: { atMs: number; trips: number }): Circuit {
  const openMs = Math.min(OPEN_MS_MAX, OPEN_MS_BASE * 2 ** Math.min(trips - 1, 30))
  return { state: 'open', untilMs: atMs + openMs, trips }
}
