import type { Clock } from '@sluice/kernel/clock'
import { singleFlight } from '@sluice/kernel/single-flight'

import type { ChargeReads } from './store/charge-reads.ts'

/** However many watch, the book is asked no more often. */
const TOTALS_MAX_AGE_MS = 2_000
/** A transfer has its time before its transaction commits; beyond this it has. */
const SETTLED_AFTER_MS = 60_000
/** Then the day is summed anew, should a commit have taken longer after all. */
const SUM_MAX_AGE_MS = 600_000
const DAY_MS = 86_400_000

export interface Totals {
  chargedTodayMicro: bigint
  heldMicro: bigint
  availableMicro: bigint
}

/** Sums over all wallets, a few seconds old at most. */
export interface KnownTotals {
  read(): Promise<Totals>
}

export function knownTotals({
  store,
  clock,
}: {
  store: Pick<ChargeReads, 'sumBalances' | 'sumCharged'>
  clock: Clock
}): KnownTotals {
  const flights = singleFlight<Totals>()
  let known: { totals: Totals; atMs: number } | undefined
  // What was charged today until then will not change any more, so that a day is not summed at every look.
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
    // Other replicas' clocks may be ahead a little; what they charge tomorrow is not today's.
    return sumMicro + (await sumBetween(untilMs, (day + 1) * DAY_MS))
  }

  const read = async () => {
    const atMs = clock.monotonicMs()
    const balances = await store.sumBalances()
    const totals = { ...balances, chargedTodayMicro: await chargedToday() }
    known = { totals, atMs }
    return totals
  }

  return {
    read: async () =>
      known && clock.monotonicMs() - known.atMs < TOTALS_MAX_AGE_MS
        ? known.totals
        : flights.run('totals', read),
  }
}
