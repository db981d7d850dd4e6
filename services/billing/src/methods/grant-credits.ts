import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import { AppError } from '@sluice/kernel/app-error'

import type { BillingContext } from '../deps.ts'
import type { PostedTransfer } from '../ledger/transfer.ts'
import { transfer } from '../ledger/transfer.ts'

type GrantCredits = typeof billingContract.methods.grantCredits

/** Gives credits to a wallet, which is made when it does not exist. Same transfer id: once. */
export async function grantCredits(
  { store, clock, counters }: BillingContext,
  input: InputOf<GrantCredits>,
): Promise<OutputOf<GrantCredits>> {
  const { transferId: id, wallet, amountMicro, memo, givenBy } = input
  const fresh = await store.inTransaction(async (book) => {
    const known = await book.findTransfer(id)
    if (known) return refuseOther(known, input)
    const createdAt = clock.now()
    await book.ensureWallet(wallet, createdAt)
    const giver = givenBy === undefined ? {} : { refType: 'person' as const, refId: givenBy }
    const grant = transfer('grant', { id, wallet, amountMicro, memo, createdAt, ...giver })
    await book.post({ holds: [], transfers: [grant] })
    return true
  })
  if (fresh) counters.micro.add({ kind: 'granted' }, Number(amountMicro))
  return { balance: await store.readBalance(wallet), fresh }
}

function refuseOther(known: PostedTransfer, asked: InputOf<GrantCredits>): false {
  const same = known.kind === 'grant' && known.wallet === asked.wallet
  if (same && known.amountMicro === asked.amountMicro && known.memo === asked.memo) return false
  throw new AppError('invalid_value', 'the transfer id was used for another transfer', {
    param: 'transferId',
  })
}
