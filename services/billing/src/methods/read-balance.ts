import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'

import type { BillingContext } from '../deps.ts'

type ReadBalance = typeof billingContract.methods.readBalance

/** The balance of a wallet; zeros when it does not exist. */
export async function readBalance(
  { store }: BillingContext,
  { wallet }: InputOf<ReadBalance>,
): Promise<OutputOf<ReadBalance>> {
  return store.readBalance(wallet)
}
