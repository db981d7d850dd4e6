import { startDeadline } from '@sluice/kernel/deadline'

import type { GatewayContext } from '../../gateway-context.ts'
import { dayOf, startOf } from '../usage/day-range.ts'
import { lastKnown } from './last-known.ts'

/** Edges write their logs every five seconds; to look more often shows nothing new. */
const LOG_MAX_AGE_MS = 5_000
const COUNTS_MAX_AGE_MS = 900
const USERS_MAX_AGE_MS = 5_000
const RETIRED_MAX_AGE_MS = 30_000
const READ_WITHIN_MS = 4_000

const MINUTE_MS = 60_000
export const MINUTES_SHOWN = 60

export type OverviewReadings = ReturnType<typeof overviewReadings>

/** Everything that the overview asks of others, each no more often than it changes, whoever watches. */
export function overviewReadings({ deps }: Pick<GatewayContext, 'deps'>) {
  const { billing, scheduler, jobs, requestLogStore, identityStore, clock, log } = deps
  const reading = <Value>(name: string, maxAgeMs: number, take: () => Promise<Value>) =>
    lastKnown({ name, maxAgeMs, take, clock, log })
  const inTime = async <Value>(ask: (options: { signal: AbortSignal }) => Promise<Value>) => {
    const deadline = startDeadline(clock, READ_WITHIN_MS)
    try {
      return await ask({ signal: deadline.signal })
    } finally {
      deadline.clear()
    }
  }

  const lately = reading('log', LOG_MAX_AGE_MS, () => {
    const nowMs = clock.nowMs()
    const [from, until] = [new Date(nowMs - MINUTE_MS), new Date(nowMs)]
    // An awaited answer takes at most so long; what streams on for longer is not looked for.
    return requestLogStore.countEnded({ from, until, lookBackMs: deps.config.syncWaitMs })
  })
  const minutes = reading('log', LOG_MAX_AGE_MS, () => {
    const thisMinuteMs = Math.floor(clock.nowMs() / MINUTE_MS) * MINUTE_MS
    const from = new Date(thisMinuteMs - (MINUTES_SHOWN - 1) * MINUTE_MS)
    return requestLogStore.countByMinute({ from, until: new Date(thisMinuteMs + MINUTE_MS) })
  })
  const images = reading('jobs', COUNTS_MAX_AGE_MS, () =>
    jobs.countJobs({ endedSince: startOf(dayOf(clock.now())) }),
  )
  const userCounts = reading('people', USERS_MAX_AGE_MS, () => identityStore.countUsers())
  const money = reading('billing', COUNTS_MAX_AGE_MS, () =>
    inTime((options) => billing.readTotals({}, options)),
  )
  const retired = reading('scheduler', RETIRED_MAX_AGE_MS, () =>
    inTime((options) => scheduler.countRetired({}, options)),
  )
  const ofDatabase = [lately, minutes, images, userCounts]

  return {
    lately,
    minutes,
    images,
    userCounts,
    money,
    retired,
    /** Names of those who cannot be reached now, as far as this edge has noticed. */
    away: (): string[] => [
      ...(ofDatabase.some((one) => one.isAway()) ? ['database'] : []),
      ...(money.isAway() ? ['billing'] : []),
      ...(retired.isAway() ? ['scheduler'] : []),
      ...(deps.bus.connected() ? [] : ['bus']),
      ...(deps.rateStore.shared() ? [] : ['rate-limits']),
    ],
  }
}
