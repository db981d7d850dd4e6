import { repeat } from '@sluice/service-kit/repeat'

import type { BillingContext } from '../deps.ts'
import { auditLedger } from './audit-ledger.ts'
import { createDeliveredCheck } from './check-delivered.ts'
import { expireAllowances } from './expire-allowances.ts'
import { expireHolds } from './expire-holds.ts'
import { sealLedger } from './seal-ledger.ts'
import { voidUnusedHolds } from './void-unused-holds.ts'

const CHECK_DELIVERED_EVERY_MS = 60_000
/** Reads one row. An announced change is applied sooner. */
const REFRESH_PRICES_EVERY_MS = 500

/** Starts the periodic tasks, which replicas may run concurrently. Returns a function that stops them. */
export function startBackgroundTasks(context: BillingContext): () => Promise<void> {
  const { clock, log, config } = context
  const tasks = {
    'refresh-prices': {
      everyMs: REFRESH_PRICES_EVERY_MS,
      run: () => context.prices.invalidateIfChanged(),
    },
    'expire-holds': { everyMs: config.expireEveryMs, run: () => expireHolds(context) },
    'void-unused-holds': { everyMs: config.unusedEveryMs, run: () => voidUnusedHolds(context) },
    'expire-allowances': { everyMs: config.expireEveryMs, run: () => expireAllowances(context) },
    'seal-ledger': { everyMs: config.sealEveryMs, run: () => sealLedger(context) },
    'check-delivered': { everyMs: CHECK_DELIVERED_EVERY_MS, run: createDeliveredCheck(context) },
    'audit-ledger': { everyMs: config.auditEveryMs, run: () => auditLedger(context) },
  }
  const repeated = Object.entries(tasks).map(([name, { everyMs, run }]) =>
    repeat({ name, everyMs, run: async () => void (await run()), clock, log }),
  )
  return async () => {
    await Promise.all(repeated.map((task) => task.stop()))
  }
}
