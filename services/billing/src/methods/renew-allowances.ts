import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'

import type { BillingContext } from '../deps.ts'

type RenewAllowances = typeof billingContract.methods.renewAllowances

/** Extends the leases of an edge's allowances. An allowance missing from the result has ended. */
export async function renewAllowances(
  { store, clock }: BillingContext,
  { edge, allowanceIds, leaseMs }: InputOf<RenewAllowances>,
): Promise<OutputOf<RenewAllowances>> {
  if (allowanceIds.length === 0) return { open: [] }
  const expiresAt = new Date(clock.nowMs() + leaseMs)
  const renewed = await store.renewAllowances({ edge, allowanceIds, expiresAt })
  return { open: renewed.map(({ id, expiresAt }) => ({ allowanceId: id, expiresAt })) }
}
