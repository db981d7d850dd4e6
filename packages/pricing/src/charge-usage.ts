import type { UsageRecord } from '@sluice/contracts/billing.contract'
import type { PriceRow } from '@sluice/contracts/prices'
import type { Usage } from '@sluice/contracts/usage'
import type { MicroCredits } from '@sluice/kernel/credits'
import { lesser } from '@sluice/kernel/credits'

import { rateUsage } from './rate-usage.ts'

export interface Charge {
  /** What the caller pays: never more than was reserved, nothing for a failure. */
  amountMicro: MicroCredits
  /** What the rated usage is above that; the house's. */
  upstreamLossMicro: MicroCredits
}

/** What a call on an allowance costs. The edge charges by it, billing checks by it. */
export function chargeUsage({
  usage,
  price,
  reservedMicro,
  endState,
}: {
  usage: Usage
  price: PriceRow['price']
  reservedMicro: MicroCredits
  endState: UsageRecord['endState']
}): Charge {
  const ratedMicro = rateUsage(usage, price)
  const amountMicro = endState === 'failed' ? 0n : lesser(ratedMicro, reservedMicro)
  return { amountMicro, upstreamLossMicro: ratedMicro - amountMicro }
}
