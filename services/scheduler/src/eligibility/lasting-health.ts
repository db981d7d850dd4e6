import type { Credential } from '../catalog/credential.ts'
import type { CredentialStatus } from './eligibility.ts'

/** A shorter cooldown ends during a restart. */
const LASTING_COOLDOWN_MS = 10_000

/** The health that must survive a restart and is not in the row yet; undefined when there is none. */
export function lastingHealth(
  credential: Credential,
  { status, nowMs }: { status: CredentialStatus; nowMs: number },
): { attention: string | null; coolingUntil: Date | null } | undefined {
  // Health of an earlier epoch is ignored; that of a later one belongs to a newer row than the cached one.
  if (status.epoch !== credential.epoch || credential.state !== 'active') return undefined
  const { attention, cooldown } = status.health
  const untilMs = cooldown?.untilMs ?? 0
  const lasts = untilMs - nowMs >= LASTING_COOLDOWN_MS
  const isNew = untilMs > (credential.coolingUntil?.getTime() ?? 0)
  const coolingUntil = lasts && isNew ? new Date(untilMs) : null
  if (attention === null && coolingUntil === null) return undefined
  return { attention, coolingUntil }
}
