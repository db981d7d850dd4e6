import type { ControlContext } from '../control-context.ts'
import type { ControlHandlers } from '../handlers.ts'
import { getCharge } from './get-charge.ts'
import { getOverview } from './get-overview.ts'
import { getUsage } from './get-usage.ts'
import { listCharges } from './list-charges.ts'
import { listLedger, listUserLedger } from './list-ledger.ts'

type Operation =
  | 'getOverview'
  | 'getUsage'
  | 'listCharges'
  | 'getCharge'
  | 'listLedger'
  | 'listUserLedger'

/** Usage, charges and ledger entries of users. */
export function usageHandlers(
  context: Pick<ControlContext, 'gateway'>,
): Pick<ControlHandlers, Operation> {
  return {
    getOverview: (call) => getOverview(context, call),
    getUsage: (call) => getUsage(context, call),
    listCharges: (call) => listCharges(context, call),
    getCharge: (call) => getCharge(context, call),
    listLedger: ({ session: { wallet }, query, signal }) =>
      listLedger(context, { wallet, query, signal }),
    listUserLedger: ({ params, query, signal }) =>
      listUserLedger(context, { userId: params.id, query, signal }),
  }
}
