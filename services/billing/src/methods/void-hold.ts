import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'

import type { BillingContext } from '../deps.ts'
import { voidJob } from '../ledger/hold.ts'

type VoidHold = typeof billingContract.methods.voidHold

/**
 * Voids a hold and releases its amount. Does nothing when the ref is unknown. Idempotent. With
 * `unlessSubmitted`, the hold of an existing job stays open and 0 is returned.
 */
export async function voidHold(
  { store, clock, log }: BillingContext,
  { ref, reason, unlessSubmitted = false }: InputOf<VoidHold>,
): Promise<OutputOf<VoidHold>> {
  return store.inTransaction(async (tx) => {
    const hold = await tx.lockHold({ purpose: 'job', ref })
    if (unlessSubmitted && (await tx.hasJob(ref))) return { releasedMicro: 0n }
    await tx.clearJobsEnded([ref])
    if (!hold) return { releasedMicro: 0n }
    if (hold.settledAt !== null) return { releasedMicro: hold.releasedMicro }
    const voided = voidJob({ hold, at: clock.now() })
    await tx.post({ holds: [voided.hold], transfers: voided.transfers })
    log.debug({ ref, reason }, 'a hold was voided')
    return { releasedMicro: voided.hold.releasedMicro }
  })
}
