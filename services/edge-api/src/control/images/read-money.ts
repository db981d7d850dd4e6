import type { ImageJob } from '@sluice/jobs/image-job'
import { isAppError } from '@sluice/kernel/app-error'
import { startDeadline } from '@sluice/kernel/deadline'

import type { EdgeDeps } from '../../deps.ts'

const READ_WITHIN_MS = 3_000

export interface Money {
  held_micro: bigint | null
  /** Null while it is not settled. */
  charged_micro: bigint | null
}

export const unknownMoney: Money = { held_micro: null, charged_micro: null }

/**
 * The held and the charged amount of a job. While billing is unavailable, both are null and the error is
 * logged, so that the task can still be shown.
 */
export async function readMoney(
  { billing, clock, log }: Pick<EdgeDeps, 'billing' | 'clock' | 'log'>,
  { id, wallet }: Pick<ImageJob, 'id' | 'wallet'>,
): Promise<Money> {
  const deadline = startDeadline(clock, READ_WITHIN_MS)
  try {
    const charge = await billing.readCharge({ wallet, id }, { signal: deadline.signal })
    if (charge.state === 'open') return { held_micro: charge.heldMicro, charged_micro: null }
    return { held_micro: null, charged_micro: charge.chargedMicro }
  } catch (err) {
    if (!isAppError(err, 'not_found')) log.warn({ err, jobId: id }, 'charge of a task not read')
    return unknownMoney
  } finally {
    deadline.clear()
  }
}
