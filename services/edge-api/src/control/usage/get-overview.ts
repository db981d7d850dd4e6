import { AppError, isAppError } from '@sluice/kernel/app-error'

import type { ControlContext } from '../control-context.ts'
import type { ControlHandler } from '../handlers.ts'
import { dayOf, daysBefore, lastDays } from './day-range.ts'
import type { UsageRow } from './merge-usage.ts'
import { topModels, totalOf } from './merge-usage.ts'
import type { UsageQuery } from './read-usage-rows.ts'
import { readUsageRows } from './read-usage-rows.ts'

const TOP_MODELS_MAX = 5

type Call = Parameters<ControlHandler<'getOverview'>>[0]
type Deps = ControlContext['gateway']['deps']

/**
 * Balance, requests, charges and latency of the last days, with the same number of days before for
 * comparison.
 */
export async function getOverview(
  { gateway: { deps } }: Pick<ControlContext, 'gateway'>,
  { session: { wallet }, query, signal }: Call,
): ReturnType<ControlHandler<'getOverview'>> {
  const { billing, requestLogStore, clock } = deps
  const now = clock.now()
  const range = lastDays(query.days, now)
  const [balance, rows, before, latency] = await Promise.all([
    billing.readBalance({ wallet }, { signal }),
    readDays(deps, { wallet, range, signal }),
    readDays(deps, { wallet, range: daysBefore(range), signal }),
    requestLogStore.readLatency({ wallet, from: range.start, until: range.end }),
  ])
  const byDay = Map.groupBy(rows, ({ day }) => day)
  const latencyOf = new Map(latency.days.map((one) => [one.day, toLatencyDto(one)]))
  const isQuiet = rows.length + before.length === 0
  return {
    balance: {
      posted_micro: balance.postedMicro,
      held_micro: balance.heldMicro,
      available_micro: balance.availableMicro,
    },
    from: range.from,
    to: range.to,
    totals: totalOf(rows),
    before: totalOf(before),
    today: totalOf(byDay.get(dayOf(now)) ?? []),
    days: range.days.map((day) => ({
      day,
      ...totalOf(byDay.get(day) ?? []),
      ...(latencyOf.get(day) ?? toLatencyDto({ p50Ms: null, p95Ms: null })),
    })),
    latency: toLatencyDto(latency),
    top_models: topModels(rows, TOP_MODELS_MAX),
    is_new: isQuiet && !(await hasAnyRequest(deps, { wallet, signal })),
  }
}

/** The rows of a day range; here the parameter of an error is `days`. */
async function readDays(deps: Deps, query: UsageQuery): Promise<UsageRow[]> {
  try {
    return await readUsageRows(deps, query)
  } catch (error) {
    if (!isAppError(error, 'invalid_value')) throw error
    throw new AppError('invalid_value', error.message, { param: 'days', cause: error })
  }
}

async function hasAnyRequest(
  { billing, requestLogStore }: Deps,
  { wallet, signal }: { wallet: string; signal: AbortSignal },
): Promise<boolean> {
  const { charges } = await billing.listCharges({ wallet, limit: 1 }, { signal })
  return charges.length > 0 || requestLogStore.hasRequests(wallet)
}

const toLatencyDto = ({ p50Ms, p95Ms }: { p50Ms: number | null; p95Ms: number | null }) => ({
  p50_ms: p50Ms,
  p95_ms: p95Ms,
})
