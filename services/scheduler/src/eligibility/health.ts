import type { Circuit } from './circuit-breaker.ts'
import { closedCircuit } from './circuit-breaker.ts'
import type { Cooldown } from './cooldown.ts'

/** What we learned about a credential from its use. */
export interface Health {
  circuit: Circuit
  cooldown: Cooldown | null
  /** Why only a person can bring it back. */
  attention: string | null
}

export const freshHealth: Health = { circuit: closedCircuit, cooldown: null, attention: null }

/** Nothing is known that a fresh credential would not have. */
export function isFresh({ circuit, cooldown, attention }: Health): boolean {
  const closed = circuit.state === 'closed' && circuit.failures === 0
  return closed && cooldown === null && attention === null
}

/** What a pool must know of health to let leases through: all that its Lua has to understand. */
export interface Gate {
  shut: boolean
  /** Not before; 0 when nothing was said. */
  restUntilMs: number
  /** After the rest, one lease at a time: the probe of a half-open circuit. */
  probation: boolean
}

export function gateOf({ circuit, cooldown, attention }: Health): Gate {
  const openUntilMs = circuit.state === 'open' ? circuit.untilMs : 0
  return {
    shut: attention !== null,
    restUntilMs: Math.max(openUntilMs, cooldown?.untilMs ?? 0),
    probation: circuit.state === 'open',
  }
}
