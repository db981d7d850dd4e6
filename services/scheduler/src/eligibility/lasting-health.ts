import type { Credential } from '../catalog/credential.ts'
import type { CredentialStatus } from './eligible.ts'

/** A shorter rest is over before a restart is. */
const LASTING_REST_MS = 10_000

/** What of a credential's health its row should say, and does not say yet; undefined when it says all. */
export function lastingHealth(
  credential: Credential,
  { status, nowMs }: { status: CredentialStatus; nowMs: number },
): { attention: string | null; coolingUntil: Date | null } | undefined {
  // Void, or learned by somebody who knows a newer row than we do.
  if (status.epoch !== credential.epoch || credential.state !== 'active') return undefined
  const { attention, cooldown } = status.health
  const untilMs = cooldown?.untilMs ?? 0
  const lasts = untilMs - nowMs >= LASTING_REST_MS
  const isNew = untilMs > (credential.coolingUntil?.getTime() ?? 0)
  const coolingUntil = lasts && isNew ? new Date(untilMs) : null
  if (attention === null && coolingUntil === null) return undefined
  return { attention, coolingUntil }
}
