import type { Clock } from '@sluice/kernel/clock'
import { singleFlight } from '@sluice/kernel/single-flight'

import type { ChargeReads } from './store/charge-reads.ts'

/** Minimum interval between queries, whatever the number of readers. */
const TOTALS_MAX_AGE_MS = 2_000
/** `createdAt` is set before the commit; older transfers are taken as committed. */
const SETTLED_AFTER_MS = 60_000
/** After this the whole day is summed again, in case a commit took longer than `SETTLED_AFTER_MS`. */
const SUM_MAX_AGE_MS = 600_000
const DAY_MS = 86_400_000

export interface Totals {
  chargedTodayMicro: bigint
  heldMicro: bigint
  availableMicro: bigint
}

/** Sums over all wallets, at most a few seconds old. */
export interface TotalsCache {
  read(): Promise<Totals>
}

export function createTotalsCache({
  store,
  clock,
}: {
  store: Pick<ChargeReads, 'sumBalances' | 'sumCharged'>
  clock: Clock
}): TotalsCache {
  const flights = singleFlight<Totals>()
  let cached: { totals: Totals; atMs: number } | undefined
  // The sum of today's charges up to `untilMs`, which no longer changes and is not computed again.
  let settled: { day: number; untilMs: number; sumMicro: bigint; summedAtMs: number } | undefined

  const sumBetween = (fromMs: number, untilMs: number) =>
    fromMs >= untilMs
      ? Promise.resolve(0n)
      : store.sumCharged({ from: new Date(fromMs), until: new Date(untilMs) })

  const chargedToday = async () => {
    const nowMs = clock.nowMs()
    const day = Math.floor(nowMs / DAY_MS)
    const isStale = settled?.day !== day || nowMs - settled.summedAtMs > SUM_MAX_AGE_MS
    const base =
      isStale || !settled
        ? { day, untilMs: day * DAY_MS, sumMicro: 0n, summedAtMs: nowMs }
        : settled
    const untilMs = Math.max(base.untilMs, nowMs - SETTLED_AFTER_MS)
    const sumMicro = base.sumMicro + (await sumBetween(base.untilMs, untilMs))
    settled = { ...base, untilMs, sumMicro }
    // Clocks of other replicas may be slightly ahead; charges dated tomorrow do not count for today.
    return sumMicro + (await sumBetween(untilMs, (day + 1) * DAY_MS))
  }

  const read = async () => {
    const atMs = clock.monotonicMs()
    const balances = await store.sumBalances()
    const totals = { ...balances, chargedTodayMicro: await chargedToday() }
    cached = { totals, atMs }
    return totals
  }

  return {
    read: async () =>
      cached && clock.monotonicMs() - cached.atMs < TOTALS_MAX_AGE_MS
        ? cached.totals
        : flights.run('totals', read),
  }
}
