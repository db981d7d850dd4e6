import type { AttemptRule } from './attempts.ts'
import type { IdentityContext } from './identity-deps.ts'
import type { Identity } from './identity.ts'

// Malformed calls are cheap: they are rejected by their length or after a few KiB. The limit stops a flood of
// them.
const MALFORMED_FROM: AttemptRule = { kind: 'malformed from', failuresMax: 60, everyMs: 1_000 }

/** Counts a call without a session against its address; see `Identity.beginPublicCall`. */
export function beginPublicCall(
  { attempts, devices }: Pick<IdentityContext, 'attempts' | 'devices'>,
  { address, cookie }: Parameters<Identity['beginPublicCall']>[0],
): () => void {
  if (devices.isKnown(cookie)) return () => undefined
  return attempts.begin([{ rule: MALFORMED_FROM, name: address }])
}
