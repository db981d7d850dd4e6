import { z } from 'zod'

import { amountMicro, id, instant } from './codecs.ts'
import { priceRow } from './prices.ts'
import { usage, usageSource } from './usage.ts'

/** The maximum number of (day, model) rows in one response. */
export const USAGE_ROWS_MAX = 5_000
export const CHARGES_PAGE_MAX = 200

/**
 * The usage of a wallet in one UTC day of one model. A charge belongs to the day on which its job was created
 * or its call ended, so that it never changes to another day.
 */
export const usageSum = z.object({
  /** `2026-11-21`. */
  day: z.iso.date(),
  model: z.string(),
  /** Jobs and calls that have a record in billing, whatever their result. */
  calls: z.int().nonnegative(),
  inputTokens: z.int().nonnegative(),
  outputTokens: z.int().nonnegative(),
  pictures: z.int().nonnegative(),
  /** Refunds are not subtracted. */
  chargedMicro: amountMicro,
})
export type UsageSum = z.output<typeof usageSum>

export const usageSumQuery = z.object({
  wallet: id,
  from: instant,
  /** Exclusive. */
  until: instant,
  /** Excludes jobs that are not charged yet: the ledger has no API key for them. */
  apiKeyId: z.string().optional(),
  model: z.string().optional(),
})
export type UsageSumQuery = z.output<typeof usageSumQuery>

export const chargeKind = z.enum(['images', 'tokens'])
export type ChargeKind = z.output<typeof chargeKind>

/** The cost of one image job, or of one call on an allowance. */
export const chargeFacts = z.object({
  /** The id of the job or of the request. */
  id: z.string(),
  kind: chargeKind,
  model: z.string(),
  /** Null for a job that was not charged. */
  apiKeyId: z.string().nullable(),
  /** `open`: credits are held. `free`: it ended without a charge. */
  state: z.enum(['open', 'charged', 'free']),
  /** Refunds are not subtracted. */
  chargedMicro: amountMicro,
  /** When the job was created, or the call ended. Never changes. */
  at: instant,
})
export type ChargeFacts = z.output<typeof chargeFacts>

/** A position in the list of charges: after the charge with this time and id. */
export const chargePosition = z.object({ at: instant, id: z.string().max(100) })
export type ChargePosition = z.output<typeof chargePosition>

export const chargesQuery = z.object({
  wallet: id,
  after: chargePosition.optional(),
  from: instant.optional(),
  /** Exclusive. */
  until: instant.optional(),
  model: z.string().optional(),
  kind: chargeKind.optional(),
  limit: z.int().min(1).max(CHARGES_PAGE_MAX),
})
export type ChargesQuery = z.output<typeof chargesQuery>

/**
 * All inputs of the computation of a charge. Calls are captured in batches: how much of a call was captured
 * late, or is owed, is only in the ledger entries of its batch.
 */
export const chargeAccount = chargeFacts.extend({
  price: priceRow.nullable(),
  /** Null for a job that delivered nothing. */
  usage: usage.nullable(),
  source: usageSource.nullable(),
  /** The reserved amount: held = captured + released + still held. */
  heldMicro: amountMicro,
  capturedMicro: amountMicro,
  releasedMicro: amountMicro,
  /** Charged to the available balance after the hold had ended. */
  lateMicro: amountMicro,
  /** Delivered but not covered by the balance: owed by the wallet. */
  receivableMicro: amountMicro,
  refundedMicro: amountMicro,
  /** Usage above the reservation; paid by the platform. */
  lossMicro: amountMicro,
  openedAt: instant.nullable(),
  settledAt: instant.nullable(),
})
export type ChargeAccount = z.output<typeof chargeAccount>
