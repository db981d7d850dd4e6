import type { Bus, Unsubscribe } from '@sluice/bus/bus'
import type { Billing } from '@sluice/contracts/billing.contract'
import type { PriceRow } from '@sluice/contracts/prices'
import type { Catalog, Scheduler } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { startDeadline } from '@sluice/kernel/deadline'
import type { Log } from '@sluice/kernel/log'

import type { CatalogReader, CatalogSnapshot } from './catalog.ts'
import { catalogSnapshot } from './catalog.ts'

/** Refresh interval for data without a revision (cooldowns of credentials), in case an event is lost. */
const MAX_AGE_MS = 30_000
const RETRY_MS = 1_000
const READ_TIMEOUT_MS = 5_000

export interface CatalogCache extends CatalogReader {
  /** Reads once and subscribes to changes; resolves also when the read failed, which is then retried. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Refreshes an older snapshot; resolves after the read, also when it failed. */
  ensureRevisions(revisions: { version: number; prices: number }): Promise<void>
}

export interface RefreshDeps {
  scheduler: Pick<Scheduler, 'readCatalog'>
  billing: Pick<Billing, 'readPrices'>
  bus: Pick<Bus, 'subscribe'>
  clock: Clock
  log: Log
}

/**
 * Keeps a snapshot of channels and prices, replaced as a whole. After a failed read the last one stays in
 * use.
 */
export function createCatalogCache(deps: RefreshDeps): CatalogCache {
  const { clock, log } = deps
  let snapshot: CatalogSnapshot | undefined
  let flight: Promise<void> | undefined
  let readAgain = false
  // The highest announced or polled revisions: a response below them is stale.
  const newest = { version: 0, prices: 0 }
  // Minimum revision of the snapshot's prices.
  let knownPrices = -1
  let readAtMs = Number.NEGATIVE_INFINITY
  let stopTimer: (() => void) | undefined
  let unsubscribe: Unsubscribe | undefined

  const read = async () => {
    do {
      readAgain = false
      const { version, prices } = newest
      try {
        const [catalog, rows] = await fetchCatalogAndPrices(deps, version)
        // An equal version may still have changes: credential states do not raise it.
        if (catalog.version >= (snapshot?.version ?? 0)) {
          snapshot = catalogSnapshot(catalog, rows)
          knownPrices = prices
        }
        readAtMs = clock.monotonicMs()
      } catch (err) {
        log.warn({ err }, 'channels and prices were not read')
      }
      // A change announced during the read may be missing from its result.
    } while (readAgain)
  }
  const isBehind = () =>
    snapshot !== undefined && (snapshot.version < newest.version || knownPrices < newest.prices)
  const refresh = () => {
    if (flight) readAgain = true
    return (flight ??= read().finally(() => (flight = undefined)))
  }

  return {
    current() {
      if (snapshot) return snapshot
      throw new AppError('unavailable', 'Models and prices are not known yet.')
    },
    async start() {
      unsubscribe = await deps.bus.subscribe('catalog-changed', ({ version = 0 }) => {
        newest.version = Math.max(newest.version, version)
        void refresh()
      })
      const retry = () => {
        const isOld = clock.monotonicMs() - readAtMs >= MAX_AGE_MS
        if (!snapshot || isOld || isBehind()) void refresh()
      }
      stopTimer = clock.every(RETRY_MS, retry)
      await refresh()
    },
    async stop() {
      stopTimer?.()
      await unsubscribe?.()
      await flight
    },
    async ensureRevisions({ version, prices }) {
      newest.version = Math.max(newest.version, version)
      newest.prices = Math.max(newest.prices, prices)
      // The running read may have begun before the change. Calling `refresh` would force a second read every
      // time.
      if (isBehind()) await flight
      if (isBehind()) await (flight ?? refresh())
    },
  }
}

async function fetchCatalogAndPrices(
  { scheduler, billing, clock }: RefreshDeps,
  atLeastVersion: number,
): Promise<[Catalog, PriceRow[]]> {
  const deadline = startDeadline(clock, READ_TIMEOUT_MS)
  const { signal } = deadline
  try {
    const [catalog, prices] = await Promise.all([
      scheduler.readCatalog({ atLeastVersion }, { signal }),
      billing.readPrices({}, { signal }),
    ])
    return [catalog, prices.rows]
  } finally {
    deadline.clear()
  }
}
