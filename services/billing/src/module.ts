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
  /** Takes hints of ended jobs from the bus, and begins upkeep. */
  start(): Promise<void>
  /** Lets go of the bus and ends upkeep. Calls are still answered. */
  stop(): Promise<void>
  /** For /ready. */
  checks: Record<string, HealthCheck>
}

/** The credit ledger. Makes the module; opens no socket. */
export function createBilling(deps: BillingDeps): BillingModule {
  const context = createBillingContext(deps)
  let ends: (() => Promise<void>)[] = []
  return {
    openHold: method(context, openHold),
    captureHold: method(context, captureHold),
    voidHold: method(context, voidHold),
    openAllowance: method(context, openAllowance),
    renewAllowances: method(context, renewAllowances),
    closeAllowance: method(context, closeAllowance),
    // Delivered already, so it is done whoever waits for it; its sender asks again until it was.
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
        await bus.subscribe('catalog-changed', () => prices.forget()),
        await consumeEndedJobs(context),
      ]
      ends = [startBackgroundTasks(context), ...subscriptions]
    },
    stop: async () => {
      const ending = ends
      ends = []
      await Promise.all(ending.map((end) => end()))
    },
    checks: {
      database: () => deps.store.check(),
      bus: async () => {
        if (!deps.bus.connected()) throw new AppError('unavailable', 'the bus is away')
      },
    },
  }
}

// Nothing commits once the caller was answered: the signal, with its deadline, goes down to the store.
const method =
  <Input, Output>(
    context: BillingContext,
    run: (context: BillingContext, input: Input) => Promise<Output>,
  ) =>
  async (input: Input, { signal }: CallOptions = {}): Promise<Output> => {
    signal?.throwIfAborted()
    return run(signal ? { ...context, store: context.store.until(signal) } : context, input)
  }
