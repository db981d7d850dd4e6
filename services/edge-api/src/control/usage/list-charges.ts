import type { ControlContext } from '../control-context.ts'
import type { ControlHandler } from '../handlers.ts'
import { readChargeCursor, writeChargeCursor } from './charge-cursor.ts'
import { checkOrder, endOf, startOf } from './day-range.ts'
import { showCharge } from './show-charge.ts'

type Call = Parameters<ControlHandler<'listCharges'>>[0]

/** Image tasks and token requests with what they cost, newest first. */
export async function listCharges(
  { gateway: { deps } }: Pick<ControlContext, 'gateway'>,
  { session: { wallet }, query, signal }: Call,
): ReturnType<ControlHandler<'listCharges'>> {
  const { cursor, from, to, ...only } = query
  checkOrder({ from, to })
  const asked = {
    ...only,
    wallet,
    after: cursor === undefined ? undefined : readChargeCursor(cursor),
    from: from === undefined ? undefined : startOf(from),
    until: to === undefined ? undefined : endOf(to),
  }
  const { charges, next } = await deps.billing.listCharges(asked, { signal })
  const keyIds = new Set(charges.flatMap(({ apiKeyId }) => apiKeyId ?? []))
  const owners = await deps.keyOwners.findOwners([...keyIds])
  return {
    items: charges.map((charge) => showCharge(charge, owners)),
    next_cursor: next && writeChargeCursor(next),
  }
}
