import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'

import type { BillingContext } from '../deps.ts'

type ReadSettlements = typeof billingContract.methods.readSettlements

/** The charges of jobs and calls by their ids, and which jobs are not settled yet. Read only. */
export async function readSettlements(
  { store }: BillingContext,
  { refs }: InputOf<ReadSettlements>,
): Promise<OutputOf<ReadSettlements>> {
  return store.readSettlements(refs)
}
