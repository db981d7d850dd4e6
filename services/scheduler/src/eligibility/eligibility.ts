import type { Credential } from '../catalog/credential.ts'
import type { Health } from './health.ts'
import { initialHealth, gateOf } from './health.ts'

/** The status of one credential in the pool: its health and its leases. */
export interface CredentialStatus {
  /** The credential's epoch when the health was recorded. */
  epoch: number
  health: Health
  /** The number of live leases. */
  leases: number
  /** Whether the one probe of a half-open circuit is running. */
  probing: boolean
}

export const idleStatus: CredentialStatus = {
  epoch: 0,
  health: initialHealth,
  leases: 0,
  probing: false,
}

/** Whether a credential may be leased now, and why not. */
export type Eligibility =
  | { eligible: true }
  /** Ends by time or by a release. */
  | { eligible: false; because: 'cooling'; untilMs: number }
  | { eligible: false; because: 'probing' | 'full' }
  /** Ends by an operator's change only. */
  | { eligible: false; because: 'paused' | 'attention' | 'retired' }

/** `model` is the upstream's name of the requested model. */
export function checkEligibility(
  credential: Credential,
  { status, nowMs, model }: { status: CredentialStatus; nowMs: number; model?: string },
): Eligibility {
  if (credential.state !== 'active') return { eligible: false, because: credential.state }
  const gate = gateOf(healthAtEpoch(credential, status), model)
  if (gate.disabled) return { eligible: false, because: 'attention' }
  const untilMs = Math.max(gate.notBeforeMs, credential.coolingUntil?.getTime() ?? 0)
  if (nowMs < untilMs) return { eligible: false, because: 'cooling', untilMs }
  if (gate.probation && status.probing) return { eligible: false, because: 'probing' }
  if (status.leases >= credential.concurrencyMax) return { eligible: false, because: 'full' }
  return { eligible: true }
}

/** The health in the pool; the initial health when it was recorded before the credential's current epoch. */
export function healthAtEpoch({ epoch }: { epoch: number }, status: CredentialStatus): Health {
  return status.epoch < epoch ? initialHealth : status.health
}
