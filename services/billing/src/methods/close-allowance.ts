import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'

import type { BillingContext } from '../deps.ts'
import { endHold } from '../ledger/hold.ts'

type CloseAllowance = typeof billingContract.methods.closeAllowance

/** Ends an allowance and releases its remainder. Does nothing when it is unknown or ended. Idempotent. */
export async function closeAllowance(
  { store, clock }: BillingContext,
  { allowanceId }: InputOf<CloseAllowance>,
): Promise<OutputOf<CloseAllowance>> {
  return store.inTransaction(async (tx) => {
    const hold = await tx.lockHold({ purpose: 'allowance', ref: allowanceId })
    if (!hold) return { releasedMicro: 0n }
    if (hold.state !== 'open') return { releasedMicro: hold.releasedMicro }
    const state = hold.capturedMicro > 0n ? 'captured' : 'voided'
    const ended = endHold({ hold, state, at: clock.now() })
    await tx.post({ holds: [ended.hold], transfers: ended.transfers })
    return { releasedMicro: ended.hold.releasedMicro }
  })
}
