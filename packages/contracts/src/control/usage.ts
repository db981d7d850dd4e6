import { z } from 'zod'

import { ledgerKind } from '../billing.contract.ts'
import { amountMicro, id, instant, microCredits } from '../codecs.ts'
import { shownBalance } from './auth.ts'
import { day, pageQuery } from './fields.ts'

const DAYS_MAX = 366

/**
 * UTC days, both inclusive; by default the last 14 days. At most 366 days, `from` not after `to`. An image
 * task belongs to the day on which it was created, whenever it ended.
 */
export const usageQuery = z.strictObject({
  from: day.optional(),
  to: day.optional(),
  model: z.string().max(200).optional(),
  api_key_id: id.optional(),
})

const sums = {
  /**
   * Requests that ended, successful or not, from the request log, which is some seconds late. For days that
   * the log no longer covers (30 days): the requests that have a record in billing.
   */
  requests: z.int().nonnegative(),
  /**
   * Those of them that failed. Rejected requests and calls count when the response was an error, except when
   * the caller disconnected; not for days that the log no longer covers. An image task counts when it ended
   * without a picture and was not cancelled, whatever the response to its request was. A task counts once, on
   * the day on which it was created, as its charge does: a failure after midnight belongs to the day before.
   * It is included as soon as the task has ended.
   */
  failures: z.int().nonnegative(),
  input_tokens: z.int().nonnegative(),
  output_tokens: z.int().nonnegative(),
  pictures: z.int().nonnegative(),
  /** From the ledger; exact. */
  charged_micro: amountMicro,
}

/**
 * One UTC day and one model. `model` is empty for requests that ended before their model was known; those are
 * never charged. Rows add up to the totals. Sorted by day, newest first, then by charge, highest first.
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
  /** The totals of the preceding period of equal length; for trends. */
  before: z.object(sums),
  /** The totals of today (UTC). */
  today: z.object(sums),
  /** One point for each day, also for days without requests. */
  days: z.array(
    z.object({
      day,
      ...sums,
      /** Milliseconds to the complete response, of successful synchronous requests; null without any. */
      p50_ms: z.int().nonnegative().nullable(),
      p95_ms: z.int().nonnegative().nullable(),
    }),
  ),
  latency: z.object({
    p50_ms: z.int().nonnegative().nullable(),
    p95_ms: z.int().nonnegative().nullable(),
  }),
  /** Sorted by charge, highest first, at most 5. */
  top_models: z.array(z.object({ model: z.string(), ...sums })),
  /** True for a user without any request or image task. */
  is_new: z.boolean(),
})
export type OverviewAnswer = z.input<typeof overviewAnswer>

export const chargeKinds = ['images', 'tokens'] as const

/** The cost of one request or image task. `id` is the id of the task or of the request. */
export const charge = z.object({
  id: z.string(),
  kind: z.enum(chargeKinds),
  model: z.string(),
  api_key: z.object({ id, name: z.string(), prefix: z.string() }).nullable(),
  /** `open` while it runs: nothing is charged yet. `free`: it ended without a charge. */
  state: z.enum(['open', 'charged', 'free']),
  /** Refunds are not subtracted: they are separate entries, see `refunded_micro` in the details. */
  charged_micro: amountMicro,
  /** When the task was created (pictures), or the call ended (tokens). */
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
 * One line of the charge: a quantity at a unit price. All lines add up to `charged_micro`, exactly: rounding
 * up and the amount that the platform paid (negative) are separate lines with quantity 1.
 */
export const chargeLine = z.object({
  unit: z.enum(chargeUnits),
  quantity: z.int().nonnegative(),
  /** Price of one picture, or of a million tokens; null for rounding and for the platform's part. */
  unit_price_micro: amountMicro.nullable(),
  /** For pictures: `1024x1024 · high`. */
  detail: z.string().nullable(),
  /** Micro-credits with up to six decimals, as text. */
  amount_micro_exact: z.string().regex(/^-?\d+(\.\d{1,6})?$/),
})

export const chargeDetail = charge.extend({
  price: z.object({ id: z.string(), effective_at: instant, model: z.string() }).nullable(),
  lines: z.array(chargeLine),
  /** Whether the upstream reported the usage, or the gateway estimated it. */
  counted_by: z.enum(['upstream', 'estimate']).nullable(),
  /** The reserved amount; held = captured + released + still held. */
  held_micro: amountMicro.nullable(),
  captured_micro: amountMicro,
  released_micro: amountMicro.nullable(),
  /** Charged to the available balance after the hold had ended; charged = captured + late + owed. */
  late_micro: amountMicro,
  /** Delivered but not covered by the balance. */
  owed_micro: amountMicro,
  refunded_micro: amountMicro,
  /** Paid by the platform because it was above the reserved amount. */
  platform_paid_micro: amountMicro,
  opened_at: instant.nullable(),
  settled_at: instant.nullable(),
  /**
   * The ledger entries of the charge, oldest first. Token charges are captured in batches: the amount of such
   * an entry is that of its batch.
   */
  entries: z.array(z.lazy(() => ledgerLine)),
})
export type ChargeDetail = z.input<typeof chargeDetail>

/** One entry of a statement. */
export const ledgerLine = z.object({
  id: z.string(),
  kind: ledgerKind,
  amount_micro: amountMicro,
  /** Change of the available balance: negative for a hold, positive for a grant, 0 for a capture. */
  available_change_micro: microCredits,
  debit_account: z.string(),
  credit_account: z.string(),
  /** The charge that it belongs to, if any. */
  charge_id: z.string().nullable(),
  memo: z.string().nullable(),
  at: instant,
})
export type LedgerLine = z.input<typeof ledgerLine>

export const listLedgerQuery = pageQuery
