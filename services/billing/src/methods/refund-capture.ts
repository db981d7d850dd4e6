import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import { AppError } from '@sluice/kernel/app-error'

import type { BillingContext } from '../deps.ts'
import type { Hold } from '../ledger/hold.ts'
import { refundableOf, refundHold } from '../ledger/hold.ts'
import type { PostedTransfer } from '../ledger/transfer.ts'
import type { LedgerTransaction } from '../store/ledger-store.ts'

type RefundCapture = typeof billingContract.methods.refundCapture

/**
 * Refunds captured credits of a job or an allowance by a new entry, never more than the paid amount.
 * Idempotent per transfer id. `not_found` when the ref never had a hold.
 */
export async function refundCapture(
  { store, clock, counters }: BillingContext,
  input: InputOf<RefundCapture>,
): Promise<OutputOf<RefundCapture>> {
  const { transferId, ref, amountMicro, memo } = input
  const refund = await store.inTransaction(async (tx) => {
    const hold = await findHold(tx, ref)
    const existing = await tx.findTransfer(transferId)
    if (existing) return resultForExisting(existing, { hold, amountMicro })
    const refundableMicro = refundableOf(hold)
    if (amountMicro > refundableMicro) return { outcome: 'too-much', refundableMicro } as const
    const refunded = refundHold({ hold, amountMicro, transferId, memo, at: clock.now() })
    await tx.post({ holds: [refunded.hold], transfers: refunded.transfers })
    return { outcome: 'refunded', wallet: hold.wallet, fresh: true } as const
  })
  if (refund.outcome === 'too-much') return refund
  const { outcome, wallet, fresh } = refund
  if (fresh) counters.micro.add({ kind: 'refunded' }, Number(amountMicro))
  return { outcome, balance: await store.readBalance(wallet), fresh }
}

async function findHold(tx: LedgerTransaction, ref: string): Promise<Hold> {
  const hold =
    (await tx.lockHold({ purpose: 'job', ref })) ??
    (await tx.lockHold({ purpose: 'allowance', ref }))
  if (hold) return hold
  throw new AppError('not_found', 'there is no hold for this ref', { param: 'ref' })
}

function resultForExisting(
  existing: PostedTransfer,
  { hold, amountMicro }: { hold: Hold; amountMicro: bigint },
) {
  const same = existing.kind === 'refund' && existing.holdId === hold.id
  if (same && existing.amountMicro === amountMicro) {
    return { outcome: 'refunded', wallet: hold.wallet, fresh: false } as const
  }
  throw new AppError('invalid_value', 'the transfer id was used for another transfer', {
    param: 'transferId',
  })
}
