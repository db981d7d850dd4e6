import type { ControlContext } from '../control-context.ts'
import type { ControlHandler } from '../handlers.ts'
import { explainCharge } from './explain-charge.ts'
import { toChargeDto } from './charge-dto.ts'
import { toLedgerEntryDto } from './ledger-entry-dto.ts'

type Call = Parameters<ControlHandler<'getCharge'>>[0]

/** One charge with its exact lines. Throws `not_found`, also for another user's charge. */
export async function getCharge(
  { gateway: { deps } }: Pick<ControlContext, 'gateway'>,
  { session: { wallet }, params, signal }: Call,
): ReturnType<ControlHandler<'getCharge'>> {
  const account = await deps.billing.readCharge({ wallet, id: params.id }, { signal })
  const { price, apiKeyId } = account
  const owners = await deps.keyOwners.findOwners(apiKeyId === null ? [] : [apiKeyId])
  return {
    ...toChargeDto(account, owners),
    price: price && { id: price.id, effective_at: price.effectiveAt, model: price.model },
    lines: explainCharge(account),
    counted_by: account.source,
    held_micro: account.heldMicro,
    captured_micro: account.capturedMicro,
    released_micro: account.releasedMicro,
    late_micro: account.lateMicro,
    owed_micro: account.receivableMicro,
    refunded_micro: account.refundedMicro,
    platform_paid_micro: account.lossMicro,
    opened_at: account.openedAt,
    settled_at: account.settledAt,
    entries: account.entries.map(toLedgerEntryDto),
  }
}
