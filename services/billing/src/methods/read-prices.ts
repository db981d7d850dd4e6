import type { billingContract } from '@sluice/contracts/billing.contract'
import type { OutputOf } from '@sluice/contracts/define-contract'

import type { BillingContext } from '../deps.ts'

type ReadPrices = typeof billingContract.methods.readPrices

/** The whole price book: past, current and future rows. */
export async function readPrices({ store }: BillingContext): Promise<OutputOf<ReadPrices>> {
  return { rows: await store.readPrices() }
}
