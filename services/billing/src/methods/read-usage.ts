import type { billingContract } from '@sluice/contracts/billing.contract'
import { USAGE_ROWS_MAX } from '@sluice/contracts/charges'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import { AppError } from '@sluice/kernel/app-error'

import type { BillingContext } from '../deps.ts'

type ReadUsage = typeof billingContract.methods.readUsage

/** Usage of a wallet by UTC day and model. `invalid_value` when it exceeds the row limit of one response. */
export async function readUsage(
  { store }: BillingContext,
  input: InputOf<ReadUsage>,
): Promise<OutputOf<ReadUsage>> {
  const rows = await store.readUsage({ ...input, rowsMax: USAGE_ROWS_MAX + 1 })
  if (rows.length <= USAGE_ROWS_MAX) return { rows }
  throw new AppError(
    'invalid_value',
    'There are too many days and models for one response. Request fewer days, or one model.',
    { param: 'from' },
  )
}
