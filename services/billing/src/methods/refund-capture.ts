import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import { AppError } from '@sluice/kernel/app-error'

import type { BillingContext } from '../deps.ts'
import type { Hold } from '../ledger/hold.ts'
import { refundableOf, refundHold } from '../ledger/hold.ts'
import type { PostedTransfer } from '../ledger/transfer.ts'
import type { LedgerBook } from '../store/ledger-store.ts'

type RefundCapture = typeof billingContract.methods.refundCapture

/**
 * Gives back captured credits of a job or an allowance by a new entry, never more than was paid for
 * it. Same transfer id: once. `not_found` when nothing was ever held for the ref.
 */
export async function refundCapture(
  { store, clock, counters }: BillingContext,
  input: InputOf<RefundCapture>,
): Promise<OutputOf<RefundCapture>> {
  const { transferId, ref, amountMicro, memo } = input
  const refund = await store.inTransaction(async (book) => {
    const hold = await findHold(book, ref)
    const known = await book.findTransfer(transferId)
    if (known) return refuseOther(known, { hold, amountMicro })
    const refundableMicro = refundableOf(hold)
    if (amountMicro > refundableMicro) return { outcome: 'too-much', refundableMicro } as const
    const back = refundHold({ hold, amountMicro, transferId, memo, at: clock.now() })
    await book.post({ holds: [back.hold], transfers: back.transfers })
    return { outcome: 'refunded', wallet: hold.wallet, fresh: true } as const
  })
  if (refund.outcome === 'too-much') return refund
  const { outcome, wallet, fresh } = refund
  if (fresh) counters.micro.add({ kind: 'refunded' }, Number(amountMicro))
  return { outcome, balance: await store.readBalance(wallet), fresh }
}

async function findHold(book: LedgerBook, ref: string): Promise<Hold> {
  const hold =
    (await book.lockHold({ purpose: 'job', ref })) ??
    (await book.lockHold({ purpose: 'allowance', ref }))
  if (hold) return hold
  throw new AppError('not_found', 'nothing was ever held for this', { param: 'ref' })
}

function refuseOther(
  known: PostedTransfer,
  { hold, amountMicro }: { hold: Hold; amountMicro: bigint },
) {
  const same = known.kind === 'refund' && known.holdId === hold.id
  if (same && known.amountMicro === amountMicro) {
    return { outcome: 'refunded', wallet: hold.wallet, fresh: false } as const
  }
  throw new AppError('invalid_value', 'the transfer id was used for another transfer', {
    param: 'transferId',
  })
}
