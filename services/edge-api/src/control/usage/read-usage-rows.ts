import { USAGE_ROWS_MAX } from '@sluice/contracts/charges'
import { AppError } from '@sluice/kernel/app-error'

import type { EdgeDeps } from '../../deps.ts'
import type { DayRange } from './day-range.ts'
import type { UsageRow } from './merge-usage.ts'
import { mergeUsage } from './merge-usage.ts'

export interface UsageQuestion {
  wallet: string
  range: Pick<DayRange, 'start' | 'end'>
  apiKeyId?: string | undefined
  model?: string | undefined
  signal: AbortSignal
}

/**
 * What a wallet used, by day and model, out of the ledger, the request log and the image tasks. Throws
 * `invalid_value`.
 */
export async function readUsageRows(
  { billing, requestLogStore, jobs }: Pick<EdgeDeps, 'billing' | 'requestLogStore' | 'jobs'>,
  { range, signal, ...only }: UsageQuestion,
): Promise<UsageRow[]> {
  const query = { ...only, from: range.start, until: range.end }
  const rowsMax = USAGE_ROWS_MAX + 1
  const [{ rows: billed }, logged, failedTasks] = await Promise.all([
    billing.readUsage(query, { signal }),
    requestLogStore.countByDay({ ...query, rowsMax }),
    jobs.countFailedByDay({ ...query, rowsMax }),
  ])
  if (Math.max(logged.length, failedTasks.length) < rowsMax)
    return mergeUsage({ billed, logged, failedTasks })
  throw new AppError('invalid_value', 'There are too many days and models. Ask for fewer days.', {
    param: 'from',
  })
}
