import type { billingContract, LedgerEntry } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'

import type { BillingContext } from '../deps.ts'
import type { PostedTransfer } from '../ledger/transfer.ts'

type ListEntries = typeof billingContract.methods.listEntries

/** The entries of a wallet, newest first. `next` is the cursor of the next page, null on the last. */
export async function listEntries(
  { store }: BillingContext,
  { wallet, before, limit }: InputOf<ListEntries>,
): Promise<OutputOf<ListEntries>> {
  const found = await store.listEntries({ wallet, before, limit: limit + 1 })
  const page = found.slice(0, limit)
  const next = found.length > limit ? (page.at(-1)?.seq ?? null) : null
  return { entries: page.map(toEntry), next }
}

export const toEntry = (transfer: PostedTransfer): LedgerEntry => ({
  id: transfer.id,
  seq: transfer.seq,
  kind: transfer.kind,
  debitAccount: transfer.debitAccount,
  creditAccount: transfer.creditAccount,
  amountMicro: transfer.amountMicro,
  holdId: transfer.holdId,
  refType: transfer.refType,
  refId: transfer.refId,
  memo: transfer.memo,
  createdAt: transfer.createdAt,
})
