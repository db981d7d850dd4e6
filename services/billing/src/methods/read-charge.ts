import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import { AppError } from '@sluice/kernel/app-error'

import type { BillingContext } from '../deps.ts'
import { accountOfCall, accountOfJob } from '../ledger/charge-facts.ts'
import type { FoundCharge } from '../store/charge-reads.ts'
import { toEntry } from './list-entries.ts'

type ReadCharge = typeof billingContract.methods.readCharge

/** One charge of a wallet, with the price that was fixed for it and its ledger entries. */
export async function readCharge(
  { store, prices }: BillingContext,
  input: InputOf<ReadCharge>,
): Promise<OutputOf<ReadCharge>> {
  const found = await store.findCharge(input)
  if (!found) throw new AppError('not_found', 'There is no such charge.', { param: 'id' })
  const priceId = priceIdOf(found)
  const book = await prices.bookWith(priceId === null ? [] : [priceId])
  const price = (priceId === null ? undefined : book.priceOf(priceId)) ?? null
  return { ...accountOf(found), price, entries: found.entries.map(toEntry) }
}

const priceIdOf = (found: FoundCharge) =>
  found.kind === 'job' ? found.hold.priceId : found.record.priceId

const accountOf = (found: FoundCharge) =>
  found.kind === 'job' ? accountOfJob(found.hold) : accountOfCall(found.record, found.entries)
