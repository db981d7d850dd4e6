import type { UsageRecord } from '@sluice/contracts/billing.contract'
import type { PriceRow } from '@sluice/contracts/prices'
import { chargeUsage } from '@sluice/pricing/charge-usage'

import type { AnswerMeter } from './relay-end.ts'
import { finalUsage } from './final-usage.ts'

export interface SettleInput {
  requestId: string
  apiKeyId: string
  wallet: string
  allowanceId: string
  model: string
  price: PriceRow
  reservedMicro: bigint
  /** Meter of the relayed part of the response; undefined when nothing was relayed. */
  meter: AnswerMeter | undefined
  /** Maximum number of prompt tokens. */
  promptTokensMax: number
  endState: UsageRecord['endState']
  endedAt: Date
}

/**
 * The usage record of a call for billing, or undefined when nothing was delivered. The charge never exceeds
 * the reservation; the platform bears the upstream's cost above it.
 */
export function settleChat(input: SettleInput): UsageRecord | undefined {
  const { meter, price, reservedMicro, endState } = input
  const consumed = finalUsage(meter, input)
  if (!consumed) return undefined
  const { usage, source } = consumed
  const charge = chargeUsage({ usage, price: price.price, reservedMicro, endState })
  return {
    requestId: input.requestId,
    allowanceId: input.allowanceId,
    wallet: input.wallet,
    apiKeyId: input.apiKeyId,
    model: input.model,
    priceId: price.id,
    usage,
    source,
    reservedMicro,
    amountMicro: charge.amountMicro,
    upstreamLossMicro: charge.upstreamLossMicro,
    endState,
    endedAt: input.endedAt,
  }
}
