import type { Circuit } from './circuit-breaker.ts'
import { closedCircuit } from './circuit-breaker.ts'
import type { Cooldown } from './cooldown.ts'
import type { Restriction } from './restrictions.ts'
import { limitedUntilMs } from './restrictions.ts'

/** What we learned about a credential from its use. */
export interface Health {
  circuit: Circuit
  cooldown: Cooldown | null
  /** Why only a person can bring it back. */
  attention: string | null
  /** Refusals without a reason, with no success since. */
  refusals: number
  /** What it cannot do for a while, at most `RESTRICTIONS_MAX`. */
  restrictions: readonly Restriction[]
}

export const freshHealth: Health = {
  circuit: closedCircuit,
  cooldown: null,
  attention: null,
  refusals: 0,
  restrictions: [],
}

/** Nothing is known that a fresh credential would not have. */
export function isFresh({ circuit, cooldown, attention, refusals, restrictions }: Health): boolean {
  const closed = circuit.state === 'closed' && circuit.failures === 0
  const silent = refusals === 0 && restrictions.length === 0
  return closed && cooldown === null && attention === null && silent
}

/** What a pool must know of health to let leases through: all that its Lua has to understand. */
export interface Gate {
  shut: boolean
  /** Not before; 0 when nothing was said. */
  restUntilMs: number
  /** After the rest, one lease at a time: the probe of a half-open circuit. */
  probation: boolean
}

/** The gate for calls of `model`, the upstream's name; without it, the gate for all calls. */
export function gateOf(
  { circuit, cooldown, attention, restrictions }: Health,
  model?: string,
): Gate {
  const openUntilMs = circuit.state === 'open' ? circuit.untilMs : 0
  return {
    shut: attention !== null,
    restUntilMs: Math.max(openUntilMs, cooldown?.untilMs ?? 0, limitedUntilMs(restrictions, model)),
    probation: circuit.state === 'open',
  }
}
