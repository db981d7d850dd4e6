import type { Bus, Unsubscribe } from '@sluice/bus/bus'
import type { Billing } from '@sluice/contracts/billing.contract'
import type { PriceRow } from '@sluice/contracts/prices'
import type { Catalog, Scheduler } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { startDeadline } from '@sluice/kernel/deadline'
import type { Log } from '@sluice/kernel/log'

import type { CatalogReader, CatalogSnapshot } from '../choose/catalog.ts'
import { catalogSnapshot } from '../choose/catalog.ts'

/** How old a snapshot may become when an announcement got lost. */
const MAX_AGE_MS = 30_000
const RETRY_MS = 1_000
const READ_TIMEOUT_MS = 5_000

export interface KnownCatalog extends CatalogReader {
  /** Reads once and listens; resolves also when it could not be read yet, and goes on trying. */
  start(): Promise<void>
  stop(): Promise<void>
}

export interface RefreshDeps {
  scheduler: Pick<Scheduler, 'readCatalog'>
  billing: Pick<Billing, 'readPrices'>
  bus: Pick<Bus, 'subscribe'>
  clock: Clock
  log: Log
}

/** Keeps a snapshot of channels and prices, swapped whole when it changed. The last good one serves on. */
export function knownCatalog(deps: RefreshDeps): KnownCatalog {
  const { clock, log } = deps
  let snapshot: CatalogSnapshot | undefined
  let flight: Promise<void> | undefined
  let askedAgain = false
  let readAtMs = Number.NEGATIVE_INFINITY
  let stopTimer: (() => void) | undefined
  let unsubscribe: Unsubscribe | undefined

  const read = async () => {
    do {
      askedAgain = false
      try {
        const [catalog, rows] = await readBoth(deps)
        // An equal version may still bring news: what became of credentials does not raise it.
        if (catalog.version >= (snapshot?.version ?? 0)) snapshot = catalogSnapshot(catalog, rows)
        readAtMs = clock.monotonicMs()
      } catch (err) {
        log.warn({ err }, 'channels and prices were not read')
      }
      // What was announced while we read may not be in what we read.
    } while (askedAgain)
  }
  const refresh = () => {
    if (flight) askedAgain = true
    return (flight ??= read().finally(() => (flight = undefined)))
  }

  return {
    current() {
      if (snapshot) return snapshot
      throw new AppError('unavailable', 'Models and prices are not known yet.')
    },
    async start() {
      unsubscribe = await deps.bus.subscribe('catalog-changed', () => void refresh())
      stopTimer = clock.every(RETRY_MS, () => {
        const isOld = clock.monotonicMs() - readAtMs >= MAX_AGE_MS
        if (!snapshot || isOld) void refresh()
      })
      await refresh()
    },
    async stop() {
      stopTimer?.()
      await unsubscribe?.()
      await flight
    },
  }
}

async function readBoth({
  scheduler,
  billing,
  clock,
}: RefreshDeps): Promise<[Catalog, PriceRow[]]> {
  const deadline = startDeadline(clock, READ_TIMEOUT_MS)
  const { signal } = deadline
  try {
    const [catalog, prices] = await Promise.all([
      scheduler.readCatalog({}, { signal }),
      billing.readPrices({}, { signal }),
    ])
    return [catalog, prices.rows]
  } finally {
    deadline.clear()
  }
}
