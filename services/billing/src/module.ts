import type { Unsubscribe } from '@sluice/bus/bus'
import type { Billing } from '@sluice/contracts/billing.contract'
import type { CallOptions } from '@sluice/contracts/define-contract'
import { AppError } from '@sluice/kernel/app-error'
import type { HealthCheck } from '@sluice/service-kit/http/health'

import type { BillingDeps, BillingParts } from './deps.ts'
import { consumeEndedJobs } from './intake/consume-ended-jobs.ts'
import { billingParts } from './parts.ts'
import { startUpkeep } from './upkeep/start-upkeep.ts'
import { addPrice } from './verbs/add-price.ts'
import { captureHold } from './verbs/capture-hold.ts'
import { captureUsage } from './verbs/capture-usage.ts'
import { closeAllowance } from './verbs/close-allowance.ts'
import { grantCredits } from './verbs/grant-credits.ts'
import { listCharges } from './verbs/list-charges.ts'
import { listEntries } from './verbs/list-entries.ts'
import { openAllowance } from './verbs/open-allowance.ts'
import { openHold } from './verbs/open-hold.ts'
import { readBalance } from './verbs/read-balance.ts'
import { readBalances } from './verbs/read-balances.ts'
import { readCharge } from './verbs/read-charge.ts'
import { readPrices } from './verbs/read-prices.ts'
import { readTotals } from './verbs/read-totals.ts'
import { readUsage } from './verbs/read-usage.ts'
import { readSettlements } from './verbs/read-settlements.ts'
import { refundCapture } from './verbs/refund-capture.ts'
import { renewAllowances } from './verbs/renew-allowances.ts'
import { voidHold } from './verbs/void-hold.ts'

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
  const parts = billingParts(deps)
  let ends: (() => Promise<void>)[] = []
  return {
    openHold: verb(parts, openHold),
    captureHold: verb(parts, captureHold),
    voidHold: verb(parts, voidHold),
    openAllowance: verb(parts, openAllowance),
    renewAllowances: verb(parts, renewAllowances),
    closeAllowance: verb(parts, closeAllowance),
    // Delivered already, so it is done whoever waits for it; its sender asks again until it was.
    captureUsage: (input) => captureUsage(parts, input),
    grantCredits: verb(parts, grantCredits),
    refundCapture: verb(parts, refundCapture),
    readBalance: verb(parts, readBalance),
    readBalances: verb(parts, readBalances),
    listEntries: verb(parts, listEntries),
    readSettlements: verb(parts, readSettlements),
    readUsage: verb(parts, readUsage),
    listCharges: verb(parts, listCharges),
    readCharge: verb(parts, readCharge),
    readTotals: verb(parts, readTotals),
    readPrices: verb(parts, readPrices),
    addPrice: verb(parts, addPrice),

    start: async () => {
      const { bus, prices } = parts
      const subscriptions: Unsubscribe[] = [
        await bus.subscribe('catalog-changed', () => prices.forget()),
        await consumeEndedJobs(parts),
      ]
      ends = [startUpkeep(parts), ...subscriptions]
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
const verb =
  <Input, Output>(
    parts: BillingParts,
    run: (parts: BillingParts, input: Input) => Promise<Output>,
  ) =>
  async (input: Input, { signal }: CallOptions = {}): Promise<Output> => {
    signal?.throwIfAborted()
    return run(signal ? { ...parts, store: parts.store.until(signal) } : parts, input)
  }
