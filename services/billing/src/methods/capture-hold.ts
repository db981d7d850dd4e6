import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import { AppError } from '@sluice/kernel/app-error'
import { crashPoint } from '@sluice/service-kit/crash-point'

import { countCharge } from '../counters.ts'
import type { BillingContext } from '../deps.ts'
import { chargedOn } from '../ledger/hold.ts'
import { chargeJobs } from './charge-jobs.ts'

type CaptureHold = typeof billingContract.methods.captureHold

/** Charges the usage of a job to its hold and releases the rest. Idempotent per hold. */
export async function captureHold(
  context: BillingContext,
  { ref, model, ...delivered }: InputOf<CaptureHold>,
): Promise<OutputOf<CaptureHold>> {
  const prices = await context.prices.book()
  const at = context.clock.now()
  const { hold, fresh } = await context.store.inTransaction(async (tx) => {
    const open = await tx.lockHold({ purpose: 'job', ref })
    if (!open) throw new AppError('not_found', 'the job has no hold', { param: 'ref' })
    if (open.model !== model) {
      throw new AppError('invalid_value', 'the hold is for another model', { param: 'model' })
    }
    const charges = [{ hold: open, delivered }]
    const [charged] = await chargeJobs(tx, { charges, prices, at })
    if (charged) await tx.post({ holds: [charged.hold], transfers: charged.transfers })
    await tx.clearJobsEnded([ref])
    return { hold: charged?.hold ?? open, fresh: charged !== undefined }
  })
  crashPoint('billing-after-capture')
  if (fresh) countCharge(context.counters, hold)
  return {
    holdId: hold.id,
    capturedMicro: chargedOn(hold),
    releasedMicro: hold.releasedMicro,
    upstreamLossMicro: hold.lossMicro,
    fresh,
  }
}
