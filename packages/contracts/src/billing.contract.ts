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

/** What a transfer of the ledger is for. */
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
 * The credit ledger. Every verb is idempotent by the id its asker made; amounts are micro-credits.
 * Errors of all methods: `unavailable` when PostgreSQL is away; `invalid_value` for input that
 * contradicts an earlier call with the same id.
 */
export const billingContract = defineContract({
  name: 'billing',
  version: 1,
  methods: {
    /** Reserves the worst case of one image job and freezes its price. Same `ref`, same answer. */
    openHold: {
      input: z.object({
        wallet: id,
        /** The job's id. */
        ref: id,
        /** The public model name; chooses the price row. */
        model: z.string(),
        /** The worst case: the dearest picture that each part may become. */
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
        /** No row of the price book covers this model. */
        z.object({ outcome: z.literal('unpriced') }),
        /** An earlier hold of this `ref` has ended: the job is over, read it instead. */
        z.object({ outcome: z.literal('ended'), holdId: id }),
      ]),
    },
    /**
     * Posts what was used and gives the rest back, never more than the hold; the difference is
     * recorded as upstream loss. Clears the outbox row `image-job-ended` of the same ref in the same
     * transaction. A hold that expired before is captured from available, else as a receivable.
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
    /** Gives all of a hold back. Clears `image-job-ended` as captureHold does. Unknown ref: no-op. */
    voidHold: {
      input: z.object({
        ref: id,
        reason: z.string().max(200),
        /** Leaves the hold of a job that was written alone: for callers who do not know whether it was. */
        unlessSubmitted: z.boolean().optional(),
      }),
      output: z.object({ releasedMicro: amountMicro }),
    },
    /**
     * Opens a hold in bulk for (wallet, edge), spent in the edge's memory. Grants between `needMicro`
     * and `wantMicro`, at most a fair share of what is available; refuses below `needMicro`.
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
    /** Moves the expiry of an edge's allowances; answers those that are still open. */
    renewAllowances: {
      input: z.object({
        edge: id,
        allowanceIds: z.array(id).max(1_000),
        leaseMs: z.int().min(1_000).max(600_000),
      }),
      output: z.object({ open: z.array(z.object({ allowanceId: id, expiresAt: instant })) }),
    },
    /** Ends an allowance whose records were all reported; the rest is released. */
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
        /** Records whose amount, price or allowance billing cannot agree with; kept for an operator. */
        refused: z.int().optional(),
        capturedMicro: amountMicro,
        /** What expired allowances and empty wallets left unpaid. */
        receivableMicro: amountMicro,
      }),
    },
    /** Gives credits to a wallet, which is made when it does not exist. Same transfer id: once. */
    grantCredits: {
      input: z.object({
        transferId: z.string().min(8).max(100),
        wallet: id,
        amountMicro: amountMicro.refine((amount) => amount > 0n, 'must be positive'),
        memo: z.string().max(200),
        /** The person who gives them; kept as the entry's ref. Same transfer id: the first one's stays. */
        givenBy: id.optional(),
      }),
      output: z.object({ balance, fresh: z.boolean() }),
    },
    /** Gives back captured credits by a new entry; never more than was captured for the ref. */
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
    /** Of many wallets at one moment, in the order of the question; zeros for those that have nothing. */
    readBalances: {
      input: z.object({ wallets: z.array(id).max(200) }),
      output: z.object({ balances: z.array(balance.extend({ wallet: id })) }),
    },
    /** A wallet's statement, newest first, by cursor. */
    listEntries: {
      input: z.object({
        wallet: id,
        before: microCredits.optional(),
        limit: z.int().min(1).max(200),
      }),
      output: z.object({ entries: z.array(ledgerEntry), next: microCredits.nullable() }),
    },
    /**
     * What a wallet consumed, by day of UTC and model, in no order. At most 5,000 rows: `invalid_value` for
     * a stretch of time that has more.
     */
    readUsage: { input: usageSumQuery, output: z.object({ rows: z.array(usageSum) }) },
    /** Jobs and calls of a wallet in one list, newest first, by cursor. */
    listCharges: {
      input: chargesQuery,
      output: z.object({ charges: z.array(chargeFacts), next: chargePosition.nullable() }),
    },
    /**
     * One charge of the wallet with everything that it can be computed again from, and the entries that
     * carry it, oldest first. `not_found` also for another wallet's.
     */
    readCharge: {
      input: z.object({ wallet: id, id: z.string().max(100) }),
      output: chargeAccount.extend({ entries: z.array(ledgerEntry) }),
    },
    /** What all wallets have together; for operators who watch, so it may be some seconds old. */
    readTotals: {
      input: z.object({}),
      output: z.object({
        /** Entered in the book today (UTC); refunds are not taken off. */
        chargedTodayMicro: amountMicro,
        heldMicro: amountMicro,
        availableMicro: amountMicro,
        /** Of the last audit of the ledger; null before the first one. Anything above 0 is an alarm. */
        findings: z.int().nonnegative().nullable(),
      }),
    },
    /**
     * What became of the money of jobs and calls, by job id and request id: what was charged, or that a
     * hold is open still. Of ids that are in neither list billing knows nothing (yet).
     */
    readSettlements: {
      input: z.object({ refs: z.array(id).min(1).max(500) }),
      output: z.object({
        settled: z.array(z.object({ ref: id, chargedMicro: amountMicro })),
        open: z.array(id),
      }),
    },
    /** All price rows in force and to come; for the edges' snapshots. */
    readPrices: { input: z.object({}), output: z.object({ rows: z.array(priceRow) }) },
    /** Adds a row to the price book; rows are never edited. Announces `catalog-changed`. */
    addPrice: {
      input: z.object({ row: priceRow.omit({ id: true }) }),
      output: z.object({ id: z.string() }),
    },
  },
})

export type Billing = PortOf<typeof billingContract>
