import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'

import type { BillingContext } from '../deps.ts'

type ListCharges = typeof billingContract.methods.listCharges

/** Jobs and calls of a wallet, newest first. `next` is the cursor of the next page, null on the last. */
export async function listCharges(
  { store }: BillingContext,
  input: InputOf<ListCharges>,
): Promise<OutputOf<ListCharges>> {
  const { limit } = input
  const found = await store.listCharges({ ...input, limit: limit + 1 })
  const charges = found.slice(0, limit)
  const last = charges.at(-1)
  const next = found.length > limit && last ? { at: last.at, id: last.id } : null
  return { charges, next }
}
