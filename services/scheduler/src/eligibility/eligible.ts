import type { Credential } from '../catalog/credential.ts'
import type { Health } from './health.ts'
import { freshHealth, gateOf } from './health.ts'

/** What a pool says of one credential: its health and how much of it is taken. */
export interface CredentialStatus {
  /** The credential's epoch under which the health was learned. */
  epoch: number
  health: Health
  /** Leases that are alive. */
  leases: number
  /** The one probe of a half-open circuit is out. */
  probing: boolean
}

export const idleStatus: CredentialStatus = {
  epoch: 0,
  health: freshHealth,
  leases: 0,
  probing: false,
}

/** May it be leased now, and if not, why not. */
export type Verdict =
  | { eligible: true }
  /** Time or a release will tell. */
  | { eligible: false; because: 'resting'; untilMs: number }
  | { eligible: false; because: 'probing' | 'taken' }
  /** Only a person will tell. */
  | { eligible: false; because: 'paused' | 'attention' | 'retired' }

/** `model` is the upstream's name of the model that it is wanted for. */
export function judge(
  credential: Credential,
  { status, nowMs, model }: { status: CredentialStatus; nowMs: number; model?: string },
): Verdict {
  if (credential.state !== 'active') return { eligible: false, because: credential.state }
  const gate = gateOf(healthUnder(credential, status), model)
  if (gate.shut) return { eligible: false, because: 'attention' }
  const untilMs = Math.max(gate.restUntilMs, credential.coolingUntil?.getTime() ?? 0)
  if (nowMs < untilMs) return { eligible: false, because: 'resting', untilMs }
  if (gate.probation && status.probing) return { eligible: false, because: 'probing' }
  if (status.leases >= credential.concurrencyMax) return { eligible: false, because: 'taken' }
  return { eligible: true }
}

/** A person set the state since: what was learned before says nothing about the credential now. */
export function healthUnder({ epoch }: { epoch: number }, status: CredentialStatus): Health {
  return status.epoch < epoch ? freshHealth : status.health
}
