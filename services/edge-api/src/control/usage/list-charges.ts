import type { ControlContext } from '../control-context.ts'
import type { ControlHandler } from '../handlers.ts'
import { readChargeCursor, writeChargeCursor } from './charge-cursor.ts'
import { checkOrder, endOf, startOf } from './day-range.ts'
import { toChargeDto } from './charge-dto.ts'

type Call = Parameters<ControlHandler<'listCharges'>>[0]

/** Charges of image tasks and token requests, newest first. */
export async function listCharges(
  { gateway: { deps } }: Pick<ControlContext, 'gateway'>,
  { session: { wallet }, query, signal }: Call,
): ReturnType<ControlHandler<'listCharges'>> {
  const { cursor, from, to, ...filters } = query
  checkOrder({ from, to })
  const chargeQuery = {
    ...filters,
    wallet,
    after: cursor === undefined ? undefined : readChargeCursor(cursor),
    from: from === undefined ? undefined : startOf(from),
    until: to === undefined ? undefined : endOf(to),
  }
  const { charges, next } = await deps.billing.listCharges(chargeQuery, { signal })
  const keyIds = new Set(charges.flatMap(({ apiKeyId }) => apiKeyId ?? []))
  const owners = await deps.keyOwners.findOwners([...keyIds])
  return {
    items: charges.map((charge) => toChargeDto(charge, owners)),
    next_cursor: next && writeChargeCursor(next),
  }
}
