import { z } from 'zod'

import { amountMicro, id, instant } from './codecs.ts'
import { usage, usageSource } from './usage.ts'

/** The usage of one call on an allowance. Captured once per request id, however often it is sent. */
export const usageRecord = z.object({
  requestId: id,
  allowanceId: id,
  wallet: id,
  apiKeyId: z.string(),
  model: z.string(),
  priceId: z.string(),
  usage,
  source: usageSource,
  /** The amount that the edge reserved for the call: the maximum charge. */
  reservedMicro: amountMicro,
  /** The charge, from pricing's `chargeUsage`; billing computes it again and requires the same amount. */
  amountMicro,
  /** The rated amount above the charge; paid by the platform. */
  upstreamLossMicro: amountMicro,
  endState: z.enum(['finished', 'cut-by-caller', 'cut-by-upstream', 'failed']),
  endedAt: instant,
})
export type UsageRecord = z.output<typeof usageRecord>
