import { withCredits } from '@sluice/contracts/control/amounts'
import { liveCounters } from '@sluice/contracts/control/admin'
import { encodeSse } from '@sluice/protocol/sse'

import type { ControlParts } from '../control-parts.ts'
import type { ControlHandlers } from '../handlers.ts'
import { followAdminOverview } from './follow-admin-overview.ts'
import { getAdminOverview } from './get-admin-overview.ts'
import { liveFeed } from './live-feed.ts'
import { overviewReadings } from './overview-readings.ts'
import { readCounters } from './read-counters.ts'

/** The system as operators see it, at a glance and live. */
export function adminOverviewHandlers({
  door,
  identity,
}: Pick<ControlParts, 'door' | 'identity'>): Pick<
  ControlHandlers,
  'getAdminOverview' | 'followAdminOverview'
> {
  const readings = overviewReadings(door)
  const world = { door, readings }
  // Encoded once for all who follow.
  const readFrame = async () => {
    const data = JSON.stringify(withCredits(liveCounters.encode(await readCounters(world))))
    return encodeSse({ event: 'counters', data })
  }
  const feed = liveFeed({ ...door.deps, read: readFrame })
  return {
    getAdminOverview: () => getAdminOverview(world),
    followAdminOverview: (call) => followAdminOverview({ door, identity, feed }, call),
  }
}
