import type { UsageRecord } from '@sluice/contracts/billing.contract'
import type { PriceRow } from '@sluice/contracts/prices'
import type { Usage } from '@sluice/contracts/usage'
import type { MicroCredits } from '@sluice/kernel/credits'
import { lesser } from '@sluice/kernel/credits'

import { rateUsage } from './rate-usage.ts'

export interface Charge {
  /** What the caller pays: at most the reservation, zero for a failure. */
  amountMicro: MicroCredits
  /** The part of the rated usage that the caller does not pay; a loss of the platform. */
  upstreamLossMicro: MicroCredits
}

/** The charge of a call on an allowance. The edge charges this amount, and billing verifies it. */
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
