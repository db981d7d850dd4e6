import type { ControlParts } from '../control-parts.ts'
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

/** What people used, what it cost them, and why. */
export function usageHandlers(parts: Pick<ControlParts, 'door'>): Pick<ControlHandlers, Operation> {
  return {
    getOverview: (call) => getOverview(parts, call),
    getUsage: (call) => getUsage(parts, call),
    listCharges: (call) => listCharges(parts, call),
    getCharge: (call) => getCharge(parts, call),
    listLedger: ({ session: { wallet }, query, signal }) =>
      listLedger(parts, { wallet, query, signal }),
    listUserLedger: ({ params, query, signal }) =>
      listUserLedger(parts, { userId: params.id, query, signal }),
  }
}
