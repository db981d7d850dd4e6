import type { UsageRecord } from '@sluice/contracts/billing.contract'
import type { PriceRow } from '@sluice/contracts/prices'
import { chargeUsage } from '@sluice/pricing/charge-usage'
import { EVERY_MODEL } from '@sluice/pricing/price-book'

/** Why billing does not agree with what an edge charged; undefined when it does. */
export function disagreementWith(
  record: UsageRecord,
  row: PriceRow | undefined,
): string | undefined {
  if (!row) return `there is no price ${record.priceId}`
  if (row.price.kind !== record.usage.kind) return 'the price is of another kind than the usage'
  if (row.model !== record.model && row.model !== EVERY_MODEL) {
    return `the price is of the model ${row.model}`
  }
  const charge = chargeUsage({ ...record, price: row.price })
  if (
    charge.amountMicro === record.amountMicro &&
    charge.upstreamLossMicro === record.upstreamLossMicro
  ) {
    return undefined
  }
  const [ours, theirs] = [charge, record].map(
    ({ amountMicro, upstreamLossMicro }) => `${amountMicro} + ${upstreamLossMicro} loss`,
  )
  return `the usage is rated ${ours}, the record says ${theirs}`
}
