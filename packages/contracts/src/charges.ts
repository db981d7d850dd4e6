import { z } from 'zod'

import { amountMicro, id, instant } from './codecs.ts'
import { priceRow } from './prices.ts'
import { usage, usageSource } from './usage.ts'

/** So many rows of day and model fit into one answer. */
export const USAGE_ROWS_MAX = 5_000
export const CHARGES_PAGE_MAX = 200

/**
 * What a wallet consumed in one day of UTC of one model. A charge belongs to the day on which it was asked
 * for (jobs) or ended (calls), so that a day's sum never moves to another.
 */
export const usageSum = z.object({
  /** `2026-11-21`. */
  day: z.iso.date(),
  model: z.string(),
  /** Jobs and calls that billing knows of, whatever became of them. */
  calls: z.int().nonnegative(),
  inputTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative(),
  pictures: z.int().nonnegative(),
  /** Without what was given back later. */
  chargedMicro: amountMicro,
})
export type UsageSum = z.output<typeof usageSum>

export const usageSumQuery = z.object({
  wallet: id,
  from: instant,
  /** Not included. */
  until: instant,
  /** Jobs that were not charged yet have no API key in the book, and are left out. */
  apiKeyId: z.string().optional(),
  model: z.string().optional(),
})
export type UsageSumQuery = z.output<typeof usageSumQuery>

export const chargeKind = z.enum(['images', 'tokens'])
export type ChargeKind = z.output<typeof chargeKind>

/** What one image job, or one call on an allowance, cost. */
export const chargeFacts = z.object({
  /** The job's, or the request's. */
  id: z.string(),
  kind: chargeKind,
  model: z.string(),
  /** Null for a job that was not charged. */
  apiKeyId: z.string().nullable(),
  /** `open`: credits are held. `free`: it ended and cost nothing. */
  state: z.enum(['open', 'charged', 'free']),
  /** Without what was given back later. */
  chargedMicro: amountMicro,
  /** When the job was asked for, or the call ended: it never moves. */
  at: instant,
})
export type ChargeFacts = z.output<typeof chargeFacts>

/** A place in the list of charges: behind this one. */
export const chargePosition = z.object({ at: instant, id: z.string().max(100) })
export type ChargePosition = z.output<typeof chargePosition>

export const chargesQuery = z.object({
  wallet: id,
  after: chargePosition.optional(),
  from: instant.optional(),
  /** Not included. */
  until: instant.optional(),
  model: z.string().optional(),
  kind: chargeKind.optional(),
  limit: z.int().min(1).max(CHARGES_PAGE_MAX),
})
export type ChargesQuery = z.output<typeof chargesQuery>

/**
 * Everything that a charge can be computed again from. Calls are captured in batches: how much of one call
 * was captured late, or is owed, only the entries of its batch say.
 */
export const chargeAccount = chargeFacts.extend({
  price: priceRow.nullable(),
  /** Null for a job that delivered nothing. */
  usage: usage.nullable(),
  source: usageSource.nullable(),
  /** Reserved for it: held = captured + released, and what is still held. */
  heldMicro: amountMicro,
  capturedMicro: amountMicro,
  releasedMicro: amountMicro,
  /** Paid from available when nothing was held any more. */
  lateMicro: amountMicro,
  /** Delivered, and nothing was there to pay it. */
  receivableMicro: amountMicro,
  refundedMicro: amountMicro,
  /** Consumed above what was agreed; the house's. */
  lossMicro: amountMicro,
  openedAt: instant.nullable(),
  settledAt: instant.nullable(),
})
export type ChargeAccount = z.output<typeof chargeAccount>
