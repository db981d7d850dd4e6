import type { Decoded } from '@sluice/contracts/control/operation-types'

import type { GatewayContext } from '../../gateway-context.ts'
import type { LoggedMinute } from '../../store/request-log-store.ts'
import { findConcerns } from './find-concerns.ts'
import type { OverviewReadings } from './overview-readings.ts'
import { MINUTES_SHOWN } from './overview-readings.ts'
import { readCounters } from './read-counters.ts'

const MINUTE_MS = 60_000

/** The overview of the system. Throws `unavailable` when a part of it was never read. */
export async function getAdminOverview(deps: {
  gateway: Pick<GatewayContext, 'deps' | 'catalog' | 'running'>
  readings: OverviewReadings
}): Promise<Decoded<'getAdminOverview'>['answer']> {
  const { gateway, readings } = deps
  const [counters, logged, images, money, users] = await Promise.all([
    readCounters(deps),
    readings.minutes.read(),
    readings.images.read(),
    readings.money.read(),
    readings.userCounts.read(),
  ])
  const now = counters.at
  const concerns = findConcerns({
    now,
    channels: gateway.catalog.current().channels,
    minutes: logged,
    images,
    ledgerFindings: money.findings,
    unavailable: readings.unavailable(),
  })
  return { counters, concerns, minutes: everyMinute(logged, now), users }
}

/** One entry for each minute of the last hour, also without requests. */
export function everyMinute(logged: readonly LoggedMinute[], now: Date): LoggedMinute[] {
  const known = new Map(logged.map((minute) => [minute.at.getTime(), minute]))
  const thisMinuteMs = Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS
  return Array.from({ length: MINUTES_SHOWN }, (_, index) => {
    const atMs = thisMinuteMs - (MINUTES_SHOWN - 1 - index) * MINUTE_MS
    return known.get(atMs) ?? { at: new Date(atMs), requests: 0, failures: 0 }
  })
}
