import { startDeadline } from '@sluice/kernel/deadline'

import type { GatewayContext } from '../gateway-context.ts'

/** The caller waits for it; what takes longer is done without them. */
const GIVE_BACK_WITHIN_MS = 2_000

/**
 * Gives back the hold of a job that was not written, so that the caller can spend it at once. Never rejects:
 * what billing does not do now is tried until it does.
 */
export async function giveBackHold(
  { deps: { billing, clock, log }, holdReturns }: Pick<GatewayContext, 'deps' | 'holdReturns'>,
  { ref, reason }: { ref: string; reason: string },
): Promise<void> {
  const deadline = startDeadline(clock, GIVE_BACK_WITHIN_MS)
  try {
    await billing.voidHold({ ref, reason, unlessSubmitted: true }, { signal: deadline.signal })
  } catch (err) {
    log.warn({ err, ref }, 'the hold of a job that was not written is given back later')
    holdReturns.add({ ref, reason })
  } finally {
    deadline.clear()
  }
}
