import type { ControlContext } from '../control-context.ts'
import type { ControlHandler } from '../handlers.ts'
import { readDayRange } from './day-range.ts'
import { totalOf } from './merge-usage.ts'
import { readUsageRows } from './read-usage-rows.ts'

type Call = Parameters<ControlHandler<'getUsage'>>[0]

/** Requests, tokens, pictures and charges by day and model. */
export async function getUsage(
  { gateway: { deps } }: Pick<ControlContext, 'gateway'>,
  { session: { wallet }, query, signal }: Call,
): ReturnType<ControlHandler<'getUsage'>> {
  const range = readDayRange(query, deps.clock.now())
  const { model, api_key_id: apiKeyId } = query
  const rows = await readUsageRows(deps, { wallet, range, model, apiKeyId, signal })
  return { from: range.from, to: range.to, rows, totals: totalOf(rows) }
}
