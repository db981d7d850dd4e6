import { USAGE_ROWS_MAX } from '@sluice/contracts/charges'
import { AppError } from '@sluice/kernel/app-error'

import type { EdgeDeps } from '../../deps.ts'
import type { DayRange } from './day-range.ts'
import type { UsageRow } from './merge-usage.ts'
import { mergeUsage } from './merge-usage.ts'

export interface UsageQuery {
  wallet: string
  range: Pick<DayRange, 'start' | 'end'>
  apiKeyId?: string | undefined
  model?: string | undefined
  signal: AbortSignal
}

/**
 * The usage of a wallet by day and model, from the ledger, the request log and the image tasks. Throws
 * `invalid_value`.
 */
export async function readUsageRows(
  { billing, requestLogStore, jobs }: Pick<EdgeDeps, 'billing' | 'requestLogStore' | 'jobs'>,
  { range, signal, ...filters }: UsageQuery,
): Promise<UsageRow[]> {
  const query = { ...filters, from: range.start, until: range.end }
  const rowsMax = USAGE_ROWS_MAX + 1
  const [{ rows: billed }, logged, failedTasks] = await Promise.all([
    billing.readUsage(query, { signal }),
    requestLogStore.countByDay({ ...query, rowsMax }),
    jobs.countFailedByDay({ ...query, rowsMax }),
  ])
  if (Math.max(logged.length, failedTasks.length) < rowsMax)
    return mergeUsage({ billed, logged, failedTasks })
  throw new AppError('invalid_value', 'There are too many days and models. Request fewer days.', {
    param: 'from',
  })
}
