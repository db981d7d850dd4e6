import type { Unsubscribe } from '@sluice/bus/bus'
import type { Billing } from '@sluice/contracts/billing.contract'
import type { CallOptions } from '@sluice/contracts/define-contract'
import { AppError } from '@sluice/kernel/app-error'
import type { HealthCheck } from '@sluice/service-kit/http/health'

import type { BillingDeps, BillingContext } from './deps.ts'
import { consumeEndedJobs } from './intake/consume-ended-jobs.ts'
import { createBillingContext } from './billing-context.ts'
import { startBackgroundTasks } from './background/start-background-tasks.ts'
import { addPrice } from './methods/add-price.ts'
import { captureHold } from './methods/capture-hold.ts'
import { captureUsage } from './methods/capture-usage.ts'
import { closeAllowance } from './methods/close-allowance.ts'
import { grantCredits } from './methods/grant-credits.ts'
import { listCharges } from './methods/list-charges.ts'
import { listEntries } from './methods/list-entries.ts'
import { openAllowance } from './methods/open-allowance.ts'
import { openHold } from './methods/open-hold.ts'
import { readBalance } from './methods/read-balance.ts'
import { readBalances } from './methods/read-balances.ts'
import { readCharge } from './methods/read-charge.ts'
import { readPrices } from './methods/read-prices.ts'
import { readTotals } from './methods/read-totals.ts'
import { readUsage } from './methods/read-usage.ts'
import { readSettlements } from './methods/read-settlements.ts'
import { refundCapture } from './methods/refund-capture.ts'
import { renewAllowances } from './methods/renew-allowances.ts'
import { voidHold } from './methods/void-hold.ts'

export interface BillingModule extends Billing {
  /** Subscribes to the bus and starts the background tasks. */
  start(): Promise<void>
  /** Unsubscribes from the bus and stops the background tasks. Calls are still served. */
  stop(): Promise<void>
  /** For /ready. */
  checks: Record<string, HealthCheck>
}

/** Creates the credit ledger module; opens no socket. */
export function createBilling(deps: BillingDeps): BillingModule {
  const context = createBillingContext(deps)
  let stops: (() => Promise<void>)[] = []
  return {
    openHold: method(context, openHold),
    captureHold: method(context, captureHold),
    voidHold: method(context, voidHold),
    openAllowance: method(context, openAllowance),
    renewAllowances: method(context, renewAllowances),
    closeAllowance: method(context, closeAllowance),
    // Without the caller's deadline: the calls were delivered already, and the edge retries until it commits.
    captureUsage: (input) => captureUsage(context, input),
    grantCredits: method(context, grantCredits),
    refundCapture: method(context, refundCapture),
    readBalance: method(context, readBalance),
    readBalances: method(context, readBalances),
    listEntries: method(context, listEntries),
    readSettlements: method(context, readSettlements),
    readUsage: method(context, readUsage),
    listCharges: method(context, listCharges),
    readCharge: method(context, readCharge),
    readTotals: method(context, readTotals),
    readPrices: method(context, readPrices),
    addPrice: method(context, addPrice),

    start: async () => {
      const { bus, prices } = context
      const subscriptions: Unsubscribe[] = [
        await bus.subscribe('catalog-changed', () => prices.invalidate()),
        await consumeEndedJobs(context),
      ]
      stops = [startBackgroundTasks(context), ...subscriptions]
    },
    stop: async () => {
      const current = stops
      stops = []
      await Promise.all(current.map((stop) => stop()))
    },
    checks: {
      database: () => deps.store.check(),
      bus: async () => {
        if (!deps.bus.connected()) throw new AppError('unavailable', 'the bus is unavailable')
      },
    },
  }
}

// Passes the caller's signal to the store, so that nothing commits after the caller's deadline.
const method =
  <Input, Output>(
    context: BillingContext,
    run: (context: BillingContext, input: Input) => Promise<Output>,
  ) =>
  async (input: Input, { signal }: CallOptions = {}): Promise<Output> => {
    signal?.throwIfAborted()
    return run(signal ? { ...context, store: context.store.withSignal(signal) } : context, input)
  }
