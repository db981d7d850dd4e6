import type { AttemptRule } from './attempts.ts'
import type { IdentityContext } from './identity-deps.ts'
import type { Identity } from './identity.ts'

// Each costs little: it is refused by its length or after a few KiB. Counted so that a flood of them ends.
const MALFORMED_FROM: AttemptRule = { kind: 'malformed from', failuresMax: 60, everyMs: 1_000 }

/** Counts a call without a session against its address; see `Identity.beginOpenCall`. */
export function beginOpenCall(
  { attempts, devices }: Pick<IdentityContext, 'attempts' | 'devices'>,
  { address, cookie }: Parameters<Identity['beginOpenCall']>[0],
): () => void {
  if (devices.isKnown(cookie)) return () => undefined
  return attempts.begin([{ rule: MALFORMED_FROM, name: address }])
}
