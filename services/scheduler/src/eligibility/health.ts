import type { Circuit } from './circuit-breaker.ts'
import { closedCircuit } from './circuit-breaker.ts'
import type { Cooldown } from './cooldown.ts'
import type { Restriction } from './restrictions.ts'
import { limitedUntilMs } from './restrictions.ts'

/** The health of a credential, computed from the outcomes of its uses. */
export interface Health {
  circuit: Circuit
  cooldown: Cooldown | null
  /** Why the credential is disabled until an operator resets it; null when it is not. */
  attention: string | null
  /** Refusals without a reason since the last success. */
  refusals: number
  /** Temporary restrictions of single uses, at most `RESTRICTIONS_MAX`. */
  restrictions: readonly Restriction[]
}

export const initialHealth: Health = {
  circuit: closedCircuit,
  cooldown: null,
  attention: null,
  refusals: 0,
  restrictions: [],
}

/** Whether the health is that of a new credential. */
export function isInitialHealth({
  circuit,
  cooldown,
  attention,
  refusals,
  restrictions,
}: Health): boolean {
  const closed = circuit.state === 'closed' && circuit.failures === 0
  const unrestricted = refusals === 0 && restrictions.length === 0
  return closed && cooldown === null && attention === null && unrestricted
}

/** The part of the health that decides about leases, in the form that the Lua scripts read. */
export interface Gate {
  /** Disabled: the health has `attention`. */
  disabled: boolean
  /** No lease before this time; 0 without a limit. */
  notBeforeMs: number
  /** After `notBeforeMs`, one lease at a time: the probe of a half-open circuit. */
  probation: boolean
}

/** The gate for calls of `model`, the upstream's name; without it, the gate for all calls. */
export function gateOf(
  { circuit, cooldown, attention, restrictions }: Health,
  model?: string,
): Gate {
  const openUntilMs = circuit.state === 'open' ? circuit.untilMs : 0
  return {
    disabled: attention !== null,
    notBeforeMs: Math.max(openUntilMs, cooldown?.untilMs ?? 0, limitedUntilMs(restrictions, model)),
    probation: circuit.state === 'open',
  }
}
