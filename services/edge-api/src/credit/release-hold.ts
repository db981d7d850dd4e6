import { startDeadline } from '@sluice/kernel/deadline'

import type { GatewayContext } from '../gateway-context.ts'

/** Time limit while the caller waits; after it, the release is retried in the background. */
const RELEASE_WITHIN_MS = 2_000

/**
 * Voids the hold of a job that was not written, so that the caller can spend the credits at once. Never
 * rejects: a failed call is retried in the background until it succeeds.
 */
export async function releaseHold(
  { deps: { billing, clock, log }, holdReturns }: Pick<GatewayContext, 'deps' | 'holdReturns'>,
  { ref, reason }: { ref: string; reason: string },
): Promise<void> {
  const deadline = startDeadline(clock, RELEASE_WITHIN_MS)
  try {
    await billing.voidHold({ ref, reason, unlessSubmitted: true }, { signal: deadline.signal })
  } catch (err) {
    log.warn({ err, ref }, 'the hold of an unwritten job will be voided later')
    holdReturns.add({ ref, reason })
  } finally {
    deadline.clear()
  }
}
