import { z } from 'zod'

import {
  chargeAccount,
  chargeFacts,
  chargePosition,
  chargesQuery,
  usageSum,
  usageSumQuery,
} from './charges.ts'
import { amountMicro, id, instant, microCredits } from './codecs.ts'
import type { PortOf } from './define-contract.ts'
import { defineContract } from './define-contract.ts'
import { priceRow } from './prices.ts'
import { usageBatch } from './usage-batch.ts'
import { usageRecord } from './usage-record.ts'
import type { UsageRecord } from './usage-record.ts'
import { usage, usageSource } from './usage.ts'

const refused = z.object({
  outcome: z.literal('refused'),
  requiredMicro: amountMicro,
  availableMicro: microCredits,
})

export const balance = z.object({
  /** Sum of entries: available + held. */
  postedMicro: microCredits,
  /** Sum of open holds. */
  heldMicro: microCredits,
  availableMicro: microCredits,
})
export type Balance = z.output<typeof balance>

export { usageRecord }
export type { UsageRecord }

/** The kind of a ledger transfer. */
export const ledgerKind = z.enum([
  'grant',
  'purchase',
  'hold',
  'capture',
  'release',
  'refund',
  'adjust',
  'receivable',
])

export const ledgerEntry = z.object({
  id: z.string(),
  seq: microCredits,
  kind: ledgerKind,
  debitAccount: z.string(),
  creditAccount: z.string(),
  amountMicro,
  holdId: z.string().nullable(),
  refType: z.string().nullable(),
  refId: z.string().nullable(),
  memo: z.string().nullable(),
  createdAt: instant,
})
export type LedgerEntry = z.output<typeof ledgerEntry>

/**
 * The credit ledger. Every method is idempotent by an id that the caller generates; amounts are
 * micro-credits. Errors of all methods: `unavailable` when PostgreSQL is unavailable; `invalid_value` for
 * input that differs from an earlier call with the same id.
 */
export const billingContract = defineContract({
  name: 'billing',
  version: 1,
  methods: {
    /**
     * Reserves the maximum cost of one image job and fixes the price row that it is charged by. A repeated
     * call with the same `ref` returns the same result.
     */
    openHold: {
      input: z.object({
        wallet: id,
        /** The job's id. */
        ref: id,
        /** The public model name; selects the price row. */
        model: z.string(),
        /** The usage with the maximum cost: the most expensive picture that each part can become. */
        worstCase: usage,
        expiresAt: instant,
      }),
      output: z.discriminatedUnion('outcome', [
        z.object({
          outcome: z.literal('opened'),
          holdId: id,
          amountMicro,
          priceId: z.string(),
          /** False when an earlier call with the same `ref` opened it. */
          fresh: z.boolean(),
        }),
        refused,
        /** The price book has no row for this model. */
        z.object({ outcome: z.literal('unpriced') }),
        /** The hold of this `ref` has ended, and so has its job: read the job instead. */
        z.object({ outcome: z.literal('ended'), holdId: id }),
      ]),
    },
    /**
     * Charges the usage, at most the amount of the hold, and releases the rest. Usage above the hold is
     * recorded as upstream loss. Deletes the outbox row `image-job-ended` of the same ref in the same
     * transaction. After an expired hold, charges the available balance, and the rest as a receivable.
     */
    captureHold: {
      input: z.object({
        ref: id,
        usage,
        source: usageSource,
        apiKeyId: z.string(),
        model: z.string(),
      }),
      output: z.object({
        holdId: id,
        capturedMicro: amountMicro,
        releasedMicro: amountMicro,
        upstreamLossMicro: amountMicro,
        fresh: z.boolean(),
      }),
    },
    /** Releases the whole hold. Deletes `image-job-ended` as captureHold does. Unknown ref: no-op. */
    voidHold: {
      input: z.object({
        ref: id,
        reason: z.string().max(200),
        /** Keeps the hold when its job was inserted: for callers that do not know whether it was. */
        unlessSubmitted: z.boolean().optional(),
      }),
      output: z.object({ releasedMicro: amountMicro }),
    },
    /**
     * Opens a hold for many calls of one wallet at one edge; the edge counts in memory what is spent of it.
     * Grants from `needMicro` to `wantMicro`, at most a fair share of the available balance; returns
     * `refused` when less than `needMicro` is available.
     */
    openAllowance: {
      input: z.object({
        allowanceId: id,
        wallet: id,
        edge: id,
        needMicro: amountMicro,
        wantMicro: amountMicro,
        leaseMs: z.int().min(1_000).max(600_000),
      }),
      output: z.discriminatedUnion('outcome', [
        z.object({ outcome: z.literal('opened'), amountMicro, expiresAt: instant }),
        refused,
      ]),
    },
    /** Extends the expiry of an edge's allowances; returns those that are still open. */
    renewAllowances: {
      input: z.object({
        edge: id,
        allowanceIds: z.array(id).max(1_000),
        leaseMs: z.int().min(1_000).max(600_000),
      }),
      output: z.object({ open: z.array(z.object({ allowanceId: id, expiresAt: instant })) }),
    },
    /** Closes an allowance after all its usage records were reported; releases the rest. */
    closeAllowance: {
      input: z.object({ allowanceId: id }),
      output: z.object({ releasedMicro: amountMicro }),
    },
    /** Captures a batch of usage records, each exactly once, in one transaction. */
    captureUsage: {
      input: z.object({ records: usageBatch }),
      output: z.object({
        captured: z.int(),
        duplicates: z.int(),
        /** Records whose amount, price or allowance does not match billing's; stored for an operator. */
        refused: z.int().optional(),
        capturedMicro: amountMicro,
        /** The part that expired allowances and empty wallets could not pay. */
        receivableMicro: amountMicro,
      }),
    },
    /** Adds credits to a wallet; creates the wallet if it does not exist. Applied once per transfer id. */
    grantCredits: {
      input: z.object({
        transferId: z.string().min(8).max(100),
        wallet: id,
        amountMicro: amountMicro.refine((amount) => amount > 0n, 'must be positive'),
        memo: z.string().max(200),
        /** The user who grants them; the ref of the entry. A repeated transfer id does not change it. */
        givenBy: id.optional(),
      }),
      output: z.object({ balance, fresh: z.boolean() }),
    },
    /** Refunds captured credits by a new entry; at most what was captured for the ref. */
    refundCapture: {
      input: z.object({
        transferId: z.string().min(8).max(100),
        ref: id,
        amountMicro: amountMicro.refine((amount) => amount > 0n, 'must be positive'),
        memo: z.string().max(200),
      }),
      output: z.discriminatedUnion('outcome', [
        z.object({ outcome: z.literal('refunded'), balance, fresh: z.boolean() }),
        z.object({ outcome: z.literal('too-much'), refundableMicro: amountMicro }),
      ]),
    },
    readBalance: { input: z.object({ wallet: id }), output: balance },
    /** The balances of many wallets from one snapshot, in input order; zeros for a wallet without entries. */
    readBalances: {
      input: z.object({ wallets: z.array(id).max(200) }),
      output: z.object({ balances: z.array(balance.extend({ wallet: id })) }),
    },
    /** The ledger entries of a wallet, newest first, paginated by cursor. */
    listEntries: {
      input: z.object({
        wallet: id,
        before: microCredits.optional(),
        limit: z.int().min(1).max(200),
      }),
      output: z.object({ entries: z.array(ledgerEntry), next: microCredits.nullable() }),
    },
    /**
     * The usage of a wallet by UTC day and model, in no particular order. At most 5,000 rows: `invalid_value`
     * for a period that has more.
     */
    readUsage: { input: usageSumQuery, output: z.object({ rows: z.array(usageSum) }) },
    /** The charges of a wallet for jobs and calls in one list, newest first, paginated by cursor. */
    listCharges: {
      input: chargesQuery,
      output: z.object({ charges: z.array(chargeFacts), next: chargePosition.nullable() }),
    },
    /**
     * One charge of the wallet with all inputs of its computation, and its ledger entries, oldest first.
     * `not_found` also for a charge of another wallet.
     */
    readCharge: {
      input: z.object({ wallet: id, id: z.string().max(100) }),
      output: chargeAccount.extend({ entries: z.array(ledgerEntry) }),
    },
    /** The sums over all wallets, for the operators' overview; may be some seconds old. */
    readTotals: {
      input: z.object({}),
      output: z.object({
        /** Charged today (UTC); refunds are not subtracted. */
        chargedTodayMicro: amountMicro,
        heldMicro: amountMicro,
        availableMicro: amountMicro,
        /** Findings of the last audit of the ledger; null before the first one. Above 0 is an alert. */
        findings: z.int().nonnegative().nullable(),
      }),
    },
    /**
     * The settlement of jobs and calls, by job id and request id: the charged amount, or that the hold is
     * still open. An id in neither list has no record in billing yet.
     */
    readSettlements: {
      input: z.object({ refs: z.array(id).min(1).max(500) }),
      output: z.object({
        settled: z.array(z.object({ ref: id, chargedMicro: amountMicro })),
        open: z.array(id),
      }),
    },
    /** All current and future price rows; for the edges' snapshots. */
    readPrices: { input: z.object({}), output: z.object({ rows: z.array(priceRow) }) },
    /** Adds a row to the price book; rows are never edited. Publishes `catalog-changed`. */
    addPrice: {
      input: z.object({ row: priceRow.omit({ id: true }) }),
      output: z.object({ id: z.string() }),
    },
  },
})

export type Billing = PortOf<typeof billingContract>
