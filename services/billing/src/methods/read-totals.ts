import type { billingContract } from '@sluice/contracts/billing.contract'
import type { OutputOf } from '@sluice/contracts/define-contract'

import type { BillingContext } from '../deps.ts'

type ReadTotals = typeof billingContract.methods.readTotals

/** What all wallets have together, and what the last audit found; some seconds old. */
export async function readTotals({ totals, audit }: BillingContext): Promise<OutputOf<ReadTotals>> {
  return { ...(await totals.read()), findings: audit.findings }
}
