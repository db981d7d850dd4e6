import type { billingContract } from '@sluice/contracts/billing.contract'
import type { OutputOf } from '@sluice/contracts/define-contract'

import type { BillingContext } from '../deps.ts'

type ReadTotals = typeof billingContract.methods.readTotals

/** Sums over all wallets and the number of findings of the last audit; at most a few seconds old. */
export async function readTotals({ totals, audit }: BillingContext): Promise<OutputOf<ReadTotals>> {
  return { ...(await totals.read()), findings: audit.findings }
}
