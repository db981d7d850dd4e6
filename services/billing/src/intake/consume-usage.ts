import type { Unsubscribe } from '@sluice/bus/bus'
import type { UsageRecord } from '@sluice/contracts/billing.contract'

import type { BillingParts } from '../deps.ts'
import { captureUsage } from '../verbs/capture-usage.ts'
import { groupCommit } from './group-commit.ts'

/** As captureUsage takes at once. */
const RECORDS_MAX = 1_000
const BATCHES_IN_FLIGHT_MAX = 64
const ACK_WITHIN_MS = 60_000
/** A dropped batch would be money lost, and a bad record never fails its batch: so, for weeks. */
const DELIVERIES_MAX = 100_000

/** Takes the edges' usage records from the bus. A batch is acknowledged once it is in the book. */
export async function consumeUsage(parts: BillingParts): Promise<Unsubscribe> {
  const commits = groupCommit<UsageRecord>({
    itemsMax: RECORDS_MAX,
    commit: async (records) => void (await captureUsage(parts, { records })),
  })
  const options = {
    group: 'billing',
    inFlightMax: BATCHES_IN_FLIGHT_MAX,
    ackWithinMs: ACK_WITHIN_MS,
    deliveriesMax: DELIVERIES_MAX,
  }
  return parts.bus.consume('usage-recorded', options, ({ records }) => commits.add(records))
}
