import { withCredits } from '@sluice/contracts/control/amounts'
import { liveCounters } from '@sluice/contracts/control/admin'
import { encodeSse } from '@sluice/protocol/sse'

import type { ControlContext } from '../control-context.ts'
import type { ControlHandlers } from '../handlers.ts'
import { followAdminOverview } from './follow-admin-overview.ts'
import { getAdminOverview } from './get-admin-overview.ts'
import { liveFeed } from './live-feed.ts'
import { overviewReadings } from './overview-readings.ts'
import { readCounters } from './read-counters.ts'

/** The overview of the system for operators, once and live. */
export function adminOverviewHandlers({
  gateway,
  identity,
}: Pick<ControlContext, 'gateway' | 'identity'>): Pick<
  ControlHandlers,
  'getAdminOverview' | 'followAdminOverview'
> {
  const readings = overviewReadings(gateway)
  const overview = { gateway, readings }
  // Encoded once for all followers.
  const readFrame = async () => {
    const data = JSON.stringify(withCredits(liveCounters.encode(await readCounters(overview))))
    return encodeSse({ event: 'counters', data })
  }
  const feed = liveFeed({ ...gateway.deps, read: readFrame })
  return {
    getAdminOverview: () => getAdminOverview(overview),
    followAdminOverview: (call) => followAdminOverview({ gateway, identity, feed }, call),
  }
}
