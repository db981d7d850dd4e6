import type { UsageSum } from '@sluice/contracts/charges'
import type { Decoded } from '@sluice/contracts/control/operation-types'

import type { FailureSum } from '@sluice/jobs/list-store'

import type { LoggedSum } from '../../store/request-log-store.ts'

export type UsageRow = Decoded<'getUsage'>['answer']['rows'][number]
export type UsageSums = Omit<UsageRow, 'day' | 'model'>

export const noUsage: UsageSums = {
  requests: 0,
  failures: 0,
  input_tokens: 0,
  output_tokens: 0,
  pictures: 0,
  charged_micro: 0n,
}

/**
 * Charges, tokens and pictures come from the ledger; requests and failures from the request log, plus failed
 * image tasks. The log is delayed, may lose rows and drops old days, so there are at least as many requests
 * as billed calls, or as failures. Newest day first, most expensive model first.
 */
export function mergeUsage({
  billed,
  logged,
  failedTasks,
}: {
  billed: readonly UsageSum[]
  logged: readonly LoggedSum[]
  failedTasks: readonly FailureSum[]
}): UsageRow[] {
  const rows = new Map<string, UsageRow>()
  const edit = ({ day, model }: DayAndModel, change: (known: UsageRow) => Partial<UsageSums>) => {
    const known = rows.get(`${day} ${model}`) ?? { day, model, ...noUsage }
    rows.set(`${day} ${model}`, { ...known, ...change(known) })
  }
  for (const sum of logged) edit(sum, () => ({ requests: sum.requests, failures: sum.failures }))
  for (const sum of failedTasks)
    edit(sum, ({ requests, failures: logFailures }) => {
      const failures = logFailures + sum.failures
      return { failures, requests: Math.max(requests, failures) }
    })
  for (const sum of billed)
    edit(sum, ({ requests }) => ({
      requests: Math.max(requests, sum.calls),
      input_tokens: sum.inputTokens,
      output_tokens: sum.outputTokens,
      pictures: sum.pictures,
      charged_micro: sum.chargedMicro,
    }))
  return [...rows.values()].sort(newestThenMostExpensive)
}

/** The sum of all rows. */
export function totalOf(rows: Iterable<UsageSums>): UsageSums {
  const total = { ...noUsage }
  for (const row of rows) {
    total.requests += row.requests
    total.failures += row.failures
    total.input_tokens += row.input_tokens
    total.output_tokens += row.output_tokens
    total.pictures += row.pictures
    total.charged_micro += row.charged_micro
  }
  return total
}

/** The most expensive models over all days. Requests without a known model are excluded. */
export function topModels(rows: readonly UsageRow[], countMax: number) {
  const byModel = Map.groupBy(
    rows.filter(({ model }) => model !== ''),
    ({ model }) => model,
  )
  return [...byModel]
    .map(([model, group]) => ({ model, ...totalOf(group) }))
    .sort(mostExpensiveFirst)
    .slice(0, countMax)
}

type DayAndModel = Pick<UsageRow, 'day' | 'model'>
type Named = UsageSums & { model: string }

const mostExpensiveFirst = (a: Named, b: Named) =>
  Number(b.charged_micro - a.charged_micro) ||
  b.requests - a.requests ||
  (a.model < b.model ? -1 : 1)

const newestThenMostExpensive = (a: UsageRow, b: UsageRow) =>
  a.day === b.day ? mostExpensiveFirst(a, b) : a.day < b.day ? 1 : -1
