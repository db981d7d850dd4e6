import type { Unsubscribe } from '@sluice/bus/bus'

import type { BillingParts } from '../deps.ts'
import { settleJob } from '../verbs/settle-job.ts'

const ACK_WITHIN_MS = 30_000
/** The outbox row stays until the job is settled, so a dropped hint costs only time. */
const DELIVERIES_MAX = 20

/** Takes hints that a job ended, and decides its money. Acknowledged after the commit. */
export async function consumeEndedJobs(parts: BillingParts): Promise<Unsubscribe> {
  const options = {
    group: 'billing',
    inFlightMax: parts.config.jobsInFlightMax,
    ackWithinMs: ACK_WITHIN_MS,
    deliveriesMax: DELIVERIES_MAX,
  }
  return parts.bus.consume('image-job-ended', options, async ({ jobId }) => {
    await settleJob(parts, { jobId })
  })
}
