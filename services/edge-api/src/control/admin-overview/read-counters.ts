import type { liveCounters } from '@sluice/contracts/control/admin'
import type { CatalogChannel } from '@sluice/contracts/scheduler.contract'
import type { z } from 'zod'

import type { GatewayContext } from '../../gateway-context.ts'
import type { OverviewReadings } from './overview-readings.ts'

export type LiveCounters = z.output<typeof liveCounters>

/** The current counters of the system. Throws `unavailable` when a part of them was never read. */
export async function readCounters({
  gateway,
  readings,
}: {
  gateway: Pick<GatewayContext, 'deps' | 'catalog' | 'running'>
  readings: OverviewReadings
}): Promise<LiveCounters> {
  const { running, catalog, deps } = gateway
  const [lastMinute, images, money, retired] = await Promise.all([
    readings.lastMinute.read(),
    readings.images.read(),
    readings.money.read(),
    readings.retired.read(),
  ])
  const at = deps.clock.now()
  return {
    at,
    requests: {
      running: running.count + running.images,
      last_minute: lastMinute.requests,
      failures_last_minute: lastMinute.failures,
    },
    images: {
      queued: images.queued,
      generating: images.generating,
      stored_today: images.done,
      failed_today: images.failed,
      oldest_queued_at: images.oldestQueuedAt,
    },
    credentials: {
      ...countCredentials(catalog.current().channels, at),
      retired: retired.retired,
    },
    money: {
      charged_today_micro: money.chargedTodayMicro,
      held_micro: money.heldMicro,
      available_micro: money.availableMicro,
    },
  }
}

/** Counts the credentials of all channels by state; retired ones are not in the catalog. */
export function countCredentials(
  channels: readonly Pick<CatalogChannel, 'credentials'>[],
  now: Date,
): Omit<LiveCounters['credentials'], 'retired'> {
  const counts = { active: 0, cooling: 0, paused: 0, attention: 0 }
  for (const { state, coolingUntil } of channels.flatMap(({ credentials }) => credentials)) {
    if (state === 'retired') continue
    const isCooling = state === 'active' && coolingUntil !== null && coolingUntil > now
    counts[isCooling ? 'cooling' : state] += 1
  }
  return counts
}
