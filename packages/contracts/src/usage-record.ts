import { z } from 'zod'

import { amountMicro, id, instant } from './codecs.ts'
import { usage, usageSource } from './usage.ts'

/** What a call on an allowance consumed. Counted once by its request id, however often it arrives. */
export const usageRecord = z.object({
  requestId: id,
  allowanceId: id,
  wallet: id,
  apiKeyId: z.string(),
  model: z.string(),
  priceId: z.string(),
  usage,
  source: usageSource,
  /** What the edge reserved for the call: the most that may be charged. */
  reservedMicro: amountMicro,
  /** What the caller pays, by pricing's `chargeUsage`; billing computes it again and must agree. */
  amountMicro,
  /** The rated amount above that; the house's, not the caller's. */
  upstreamLossMicro: amountMicro,
  endState: z.enum(['finished', 'cut-by-caller', 'cut-by-upstream', 'failed']),
  endedAt: instant,
})
export type UsageRecord = z.output<typeof usageRecord>
