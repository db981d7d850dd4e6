import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import { AppError } from '@sluice/kernel/app-error'

import type { BillingContext } from '../deps.ts'
import type { PostedTransfer } from '../ledger/transfer.ts'
import { transfer } from '../ledger/transfer.ts'

type GrantCredits = typeof billingContract.methods.grantCredits

/** Grants credits to a wallet, which is created when it does not exist. Idempotent per transfer id. */
export async function grantCredits(
  { store, clock, counters }: BillingContext,
  input: InputOf<GrantCredits>,
): Promise<OutputOf<GrantCredits>> {
  const { transferId: id, wallet, amountMicro, memo, givenBy } = input
  const created = await store.inTransaction(async (tx) => {
    const existing = await tx.findTransfer(id)
    if (existing) return checkSameGrant(existing, input)
    const createdAt = clock.now()
    await tx.ensureWallet(wallet, createdAt)
    const grantor = givenBy === undefined ? {} : { refType: 'person' as const, refId: givenBy }
    const grant = transfer('grant', { id, wallet, amountMicro, memo, createdAt, ...grantor })
    await tx.post({ holds: [], transfers: [grant] })
    return true
  })
  if (created) counters.micro.add({ kind: 'granted' }, Number(amountMicro))
  return { balance: await store.readBalance(wallet), fresh: created }
}

/** False, since nothing was created. Throws when the existing transfer is another one. */
function checkSameGrant(existing: PostedTransfer, request: InputOf<GrantCredits>): false {
  const { wallet, amountMicro, memo } = request
  const same = existing.kind === 'grant' && existing.wallet === wallet
  if (same && existing.amountMicro === amountMicro && existing.memo === memo) return false
  throw new AppError('invalid_value', 'the transfer id was used for another transfer', {
    param: 'transferId',
  })
}
