import { z } from 'zod'

import { ledgerKind } from '../billing.contract.ts'
import { amountMicro, id, instant, microCredits } from '../codecs.ts'
import { shownBalance } from './auth.ts'
import { day, pageQuery } from './fields.ts'

const DAYS_MAX = 366

/**
 * Days of UTC, both included; the last 14 days unless said. At most 366 days, `from` not after `to`. A charge
 * belongs to the day on which it was asked for, wherever its end falls.
 */
export const usageQuery = z.strictObject({
  from: day.optional(),
  to: day.optional(),
  model: z.string().max(200).optional(),
  api_key_id: id.optional(),
})

const sums = {
  /**
   * Requests that came to their end, good or bad; from the request log, which is no book and comes some
   * seconds late. On days that the log no longer has (30 days): those that billing knows of.
   */
  requests: z.int().nonnegative(),
  /**
   * Those of them that failed. What was refused, and calls: by the error they were answered with, but for
   * callers who left; not on days that the log no longer has. What became an image task: when the task ended
   * without a picture and was not cancelled, however it was asked for and whatever its caller was told
   * meanwhile. A task counts once, on the day on which it was asked for, as its charge does: so a failure that
   * comes after midnight is one of the day before. It is known as soon as the task has ended.
   */
  failures: z.int().nonnegative(),
  input_tokens: z.int().nonnegative(),
  output_tokens: z.int().nonnegative(),
  pictures: z.int().nonnegative(),
  /** From the ledger: exact. */
  charged_micro: amountMicro,
}

/**
 * One day of UTC and one model. `model` is empty for requests that ended before their model was known;
 * nothing is ever charged for those. Rows add up to the totals. Newest day first, the dearest model first.
 */
export const usageRow = z.object({ day, model: z.string(), ...sums })
export type UsageRow = z.input<typeof usageRow>

export const usageAnswer = z.object({
  from: day,
  to: day,
  rows: z.array(usageRow),
  totals: z.object(sums),
})
export type UsageAnswer = z.input<typeof usageAnswer>

export const overviewQuery = z.strictObject({
  days: z.coerce.number().int().min(1).max(DAYS_MAX).default(14),
})

export const overviewAnswer = z.object({
  balance: shownBalance,
  from: day,
  to: day,
  totals: z.object(sums),
  /** The same, for as many days before; for trends. */
  before: z.object(sums),
  /** Of today in UTC. */
  today: z.object(sums),
  /** One point for each day, also for those without a request. */
  days: z.array(
    z.object({
      day,
      ...sums,
      /** Milliseconds to the whole answer, of requests that were answered well at once; null without any. */
      p50_ms: z.int().nonnegative().nullable(),
      p95_ms: z.int().nonnegative().nullable(),
    }),
  ),
  latency: z.object({
    p50_ms: z.int().nonnegative().nullable(),
    p95_ms: z.int().nonnegative().nullable(),
  }),
  /** The dearest models first, at most 5. */
  top_models: z.array(z.object({ model: z.string(), ...sums })),
  /** True for who has neither made a request nor drawn a picture. */
  is_new: z.boolean(),
})
export type OverviewAnswer = z.input<typeof overviewAnswer>

export const chargeKinds = ['images', 'tokens'] as const

/** What one request or job cost. `id` is the image task's, or the request's. */
export const charge = z.object({
  id: z.string(),
  kind: z.enum(chargeKinds),
  model: z.string(),
  api_key: z.object({ id, name: z.string(), prefix: z.string() }).nullable(),
  /** `open` while it runs: nothing is charged yet. `free` when it ended and cost nothing. */
  state: z.enum(['open', 'charged', 'free']),
  /** What was charged; refunds are entries of their own, see `refunded_micro` of the one charge. */
  charged_micro: amountMicro,
  /** When it was asked for (pictures), or ended (tokens). */
  at: instant,
})
export type Charge = z.input<typeof charge>

export const listChargesQuery = pageQuery.extend({
  from: day.optional(),
  to: day.optional(),
  model: z.string().max(200).optional(),
  kind: z.enum(chargeKinds).optional(),
})

export const chargeUnits = [
  'picture',
  'input-tokens',
  'cached-input-tokens',
  'output-tokens',
  'rounding',
  'platform-paid',
] as const

/**
 * One line of the sum: so many units at a price. All lines add up to `charged_micro`, exactly: the rounding
 * upward and what the house paid (below zero) are lines of their own, with quantity 1.
 */
export const chargeLine = z.object({
  unit: z.enum(chargeUnits),
  quantity: z.int().nonnegative(),
  /** Micro-credits for one picture, or for a million tokens; null for a rounding and what the house paid. */
  unit_price_micro: amountMicro.nullable(),
  /** For pictures: `1024x1024 · high`. */
  detail: z.string().nullable(),
  /** Micro-credits with up to six decimals, as text. */
  amount_micro_exact: z.string().regex(/^-?\d+(\.\d{1,6})?$/),
})

export const chargeDetail = charge.extend({
  price: z.object({ id: z.string(), effective_at: instant, model: z.string() }).nullable(),
  lines: z.array(chargeLine),
  /** Who counted: the upstream, or our estimate. */
  counted_by: z.enum(['upstream', 'estimate']).nullable(),
  /** What was reserved, and what became of it; held = captured + released + still held. */
  held_micro: amountMicro.nullable(),
  captured_micro: amountMicro,
  released_micro: amountMicro.nullable(),
  /** Charged when nothing was held any more, from what was available; charged = captured + late + owed. */
  late_micro: amountMicro,
  /** Delivered, and nothing was there to pay it. */
  owed_micro: amountMicro,
  refunded_micro: amountMicro,
  /** What the house paid because it was beyond what you agreed to. */
  platform_paid_micro: amountMicro,
  opened_at: instant.nullable(),
  settled_at: instant.nullable(),
  /**
   * The entries of the ledger that carry it, oldest first. Token charges are captured in batches: there the
   * amount of the entry is that of its batch.
   */
  entries: z.array(z.lazy(() => ledgerLine)),
})
export type ChargeDetail = z.input<typeof chargeDetail>

/** One entry of a statement. */
export const ledgerLine = z.object({
  id: z.string(),
  kind: ledgerKind,
  amount_micro: amountMicro,
  /** What it did to what is available: negative for a hold, positive for a grant, 0 for a capture of held credits. */
  available_change_micro: microCredits,
  debit_account: z.string(),
  credit_account: z.string(),
  /** The charge that it belongs to, when there is one. */
  charge_id: z.string().nullable(),
  memo: z.string().nullable(),
  at: instant,
})
export type LedgerLine = z.input<typeof ledgerLine>

export const listLedgerQuery = pageQuery
