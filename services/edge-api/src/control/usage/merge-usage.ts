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
 * Money, tokens and pictures as the ledger has them; requests and failures as they were logged, and image
 * tasks that failed. The log comes late, may lose rows and forgets old days, so there were at least as many
 * requests as billing knows of, or as have failed. Newest day first, the dearest model first.
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
    edit(sum, ({ requests, failures: atTheGateway }) => {
      const failures = atTheGateway + sum.failures
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
  return [...rows.values()].sort(newestAndDearestFirst)
}

/** All of it together. */
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

/** Of each model over all days, the dearest first. Requests whose model was never known are no model's. */
export function topModels(rows: readonly UsageRow[], countMax: number) {
  const byModel = Map.groupBy(
    rows.filter(({ model }) => model !== ''),
    ({ model }) => model,
  )
  return [...byModel]
    .map(([model, group]) => ({ model, ...totalOf(group) }))
    .sort(dearestFirst)
    .slice(0, countMax)
}

type DayAndModel = Pick<UsageRow, 'day' | 'model'>
type Named = UsageSums & { model: string }

const dearestFirst = (a: Named, b: Named) =>
  Number(b.charged_micro - a.charged_micro) ||
  b.requests - a.requests ||
  (a.model < b.model ? -1 : 1)

const newestAndDearestFirst = (a: UsageRow, b: UsageRow) =>
  a.day === b.day ? dearestFirst(a, b) : a.day < b.day ? 1 : -1
