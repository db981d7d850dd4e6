import { repeat } from '@sluice/service-kit/repeat'

import type { BillingContext } from '../deps.ts'
import { auditLedger } from './audit-ledger.ts'
import { createDeliveredCheck } from './check-delivered.ts'
import { expireAllowances } from './expire-allowances.ts'
import { expireHolds } from './expire-holds.ts'
import { sealLedger } from './seal-ledger.ts'
import { voidUnusedHolds } from './void-unused-holds.ts'

const CHECK_DELIVERED_EVERY_MS = 60_000
/** One row is read. What was announced is known sooner. */
const FOLLOW_PRICES_EVERY_MS = 500

/** Begins what happens by time. Replicas may do it side by side. Answers how to end it all. */
export function startBackgroundTasks(context: BillingContext): () => Promise<void> {
  const { clock, log, config } = context
  const pieces = {
    'follow-prices': { everyMs: FOLLOW_PRICES_EVERY_MS, run: () => context.prices.follow() },
    'expire-holds': { everyMs: config.expireEveryMs, run: () => expireHolds(context) },
    'void-unused-holds': { everyMs: config.unusedEveryMs, run: () => voidUnusedHolds(context) },
    'expire-allowances': { everyMs: config.expireEveryMs, run: () => expireAllowances(context) },
    'seal-ledger': { everyMs: config.sealEveryMs, run: () => sealLedger(context) },
    'check-delivered': { everyMs: CHECK_DELIVERED_EVERY_MS, run: createDeliveredCheck(context) },
    'audit-ledger': { everyMs: config.auditEveryMs, run: () => auditLedger(context) },
  }
  const ends = Object.entries(pieces).map(([name, { everyMs, run }]) =>
    repeat({ name, everyMs, run: async () => void (await run()), clock, log }),
  )
  return async () => {
    await Promise.all(ends.map((end) => end.stop()))
  }
}
