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

/** How old what has no version may become when an announcement got lost: rests of credentials. */
const MAX_AGE_MS = 30_000
const RETRY_MS = 1_000
const READ_TIMEOUT_MS = 5_000

export interface KnownCatalog extends CatalogReader {
  /** Reads once and listens; resolves also when it could not be read yet, and goes on trying. */
  start(): Promise<void>
  stop(): Promise<void>
}

export interface RefreshDeps {
  scheduler: Pick<Scheduler, 'readCatalog' | 'readVersion'>
  billing: Pick<Billing, 'readPrices'>
  bus: Pick<Bus, 'subscribe'>
  clock: Clock
  log: Log
  /** How often the version is looked up, in case that an announcement got lost. */
  versionEveryMs: number
}

/** Keeps a snapshot of channels and prices, swapped whole when it changed. The last good one serves on. */
export function knownCatalog(deps: RefreshDeps): KnownCatalog {
  const { clock, log } = deps
  let snapshot: CatalogSnapshot | undefined
  let flight: Promise<void> | undefined
  let looking: Promise<void> | undefined
  let askedAgain = false
  // The newest version that was announced: an answer below it comes from before the change.
  let announced = 0
  let readAtMs = Number.NEGATIVE_INFINITY
  let stopTimers: (() => void)[] = []
  let unsubscribe: Unsubscribe | undefined

  const read = async () => {
    do {
      askedAgain = false
      try {
        const [catalog, rows] = await readBoth(deps, announced)
        // An equal version may still bring news: what became of credentials does not raise it.
        if (catalog.version >= (snapshot?.version ?? 0)) snapshot = catalogSnapshot(catalog, rows)
        readAtMs = clock.monotonicMs()
      } catch (err) {
        log.warn({ err }, 'channels and prices were not read')
      }
      // What was announced while we read may not be in what we read.
    } while (askedAgain)
  }
  const isBehind = () => snapshot !== undefined && snapshot.version < announced
  const lookForNewer = async () => {
    try {
      const { version } = await withinTime(clock, (signal) =>
        deps.scheduler.readVersion({}, { signal }),
      )
      announced = Math.max(announced, version)
    } catch (err) {
      log.debug({ err }, 'the version of the catalog was not read')
    }
    if (isBehind()) await refresh()
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
      unsubscribe = await deps.bus.subscribe('catalog-changed', ({ version = 0 }) => {
        announced = Math.max(announced, version)
        void refresh()
      })
      const retry = () => {
        const isOld = clock.monotonicMs() - readAtMs >= MAX_AGE_MS
        if (!snapshot || isOld || isBehind()) void refresh()
      }
      const look = () => {
        looking ??= lookForNewer().finally(() => (looking = undefined))
      }
      stopTimers = [clock.every(RETRY_MS, retry), clock.every(deps.versionEveryMs, look)]
      await refresh()
    },
    async stop() {
      for (const stop of stopTimers) stop()
      await unsubscribe?.()
      await looking
      await flight
    },
  }
}

function readBoth(
  { scheduler, billing, clock }: RefreshDeps,
  atLeastVersion: number,
): Promise<[Catalog, PriceRow[]]> {
  return withinTime(clock, async (signal) => {
    const [catalog, prices] = await Promise.all([
      scheduler.readCatalog({ atLeastVersion }, { signal }),
      billing.readPrices({}, { signal }),
    ])
    return [catalog, prices.rows]
  })
}

async function withinTime<Result>(
  clock: Clock,
  call: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const deadline = startDeadline(clock, READ_TIMEOUT_MS)
  try {
    return await call(deadline.signal)
  } finally {
    deadline.clear()
  }
}
