import { startDeadline } from '@sluice/kernel/deadline'

import type { GatewayContext } from '../../gateway-context.ts'
import { dayOf, startOf } from '../usage/day-range.ts'
import { lastKnown } from './last-known.ts'

/** Edges write their logs every five seconds, so a shorter interval shows nothing new. */
const LOG_MAX_AGE_MS = 5_000
const COUNTS_MAX_AGE_MS = 900
const USERS_MAX_AGE_MS = 5_000
const RETIRED_MAX_AGE_MS = 30_000
const READ_WITHIN_MS = 4_000

const MINUTE_MS = 60_000
export const MINUTES_SHOWN = 60

export type OverviewReadings = ReturnType<typeof overviewReadings>

/** All data of the overview from other services, each cached for all viewers. */
export function overviewReadings({ deps }: Pick<GatewayContext, 'deps'>) {
  const { billing, scheduler, jobs, requestLogStore, identityStore, clock, log } = deps
  const reading = <Value>(name: string, maxAgeMs: number, load: () => Promise<Value>) =>
    lastKnown({ name, maxAgeMs, load, clock, log })
  const inTime = async <Value>(call: (options: { signal: AbortSignal }) => Promise<Value>) => {
    const deadline = startDeadline(clock, READ_WITHIN_MS)
    try {
      return await call({ signal: deadline.signal })
    } finally {
      deadline.clear()
    }
  }

  const lastMinute = reading('log', LOG_MAX_AGE_MS, () => {
    const nowMs = clock.nowMs()
    const [from, until] = [new Date(nowMs - MINUTE_MS), new Date(nowMs)]
    // An awaited request takes at most this long; streams that last longer are not counted.
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
  const userCounts = reading('users', USERS_MAX_AGE_MS, () => identityStore.countUsers())
  const money = reading('billing', COUNTS_MAX_AGE_MS, () =>
    inTime((options) => billing.readTotals({}, options)),
  )
  const retired = reading('scheduler', RETIRED_MAX_AGE_MS, () =>
    inTime((options) => scheduler.countRetired({}, options)),
  )
  const ofDatabase = [lastMinute, minutes, images, userCounts]

  return {
    lastMinute,
    minutes,
    images,
    userCounts,
    money,
    retired,
    /** Names of dependencies that cannot be reached now, as far as this edge knows. */
    unavailable: (): string[] => [
      ...(ofDatabase.some((one) => one.isUnavailable()) ? ['database'] : []),
      ...(money.isUnavailable() ? ['billing'] : []),
      ...(retired.isUnavailable() ? ['scheduler'] : []),
      ...(deps.bus.connected() ? [] : ['bus']),
      ...(deps.rateStore.shared() ? [] : ['rate-limits']),
    ],
  }
}
