import type { UsageRecord } from '@sluice/contracts/billing.contract'
import type { PriceRow } from '@sluice/contracts/prices'
import { chargeUsage } from '@sluice/pricing/charge-usage'
import { EVERY_MODEL } from '@sluice/pricing/price-book'

/** Why the amount that an edge charged is wrong; undefined when it is right. */
export function findUsageMismatch(
  record: UsageRecord,
  row: PriceRow | undefined,
): string | undefined {
  if (!row) return `there is no price ${record.priceId}`
  if (row.price.kind !== record.usage.kind) return 'the price has another kind than the usage'
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
  const [rated, recorded] = [charge, record].map(
    ({ amountMicro, upstreamLossMicro }) => `${amountMicro} + ${upstreamLossMicro} loss`,
  )
  return `the usage is rated ${rated}, the record has ${recorded}`
}
