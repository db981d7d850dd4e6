import type { Unsubscribe } from '@sluice/bus/bus'

import type { BillingContext } from '../deps.ts'
import { settleJobs } from '../methods/settle-jobs.ts'
import { groupCommit } from './group-commit.ts'

const ACK_WITHIN_MS = 30_000
/** Jobs that one transaction settles. More would hold the locks of many wallets for too long. */
const JOBS_A_COMMIT_MAX = 16
/** The outbox row stays until the job is settled, so a lost message only delays the settlement. */
const DELIVERIES_MAX = 20

/** Consumes `image-job-ended` and settles the jobs. Messages are acknowledged after the commit. */
export async function consumeEndedJobs(context: BillingContext): Promise<Unsubscribe> {
  const options = {
    group: 'billing',
    inFlightMax: context.config.jobsInFlightMax,
    ackWithinMs: ACK_WITHIN_MS,
    deliveriesMax: DELIVERIES_MAX,
  }
  const commits = groupCommit<string>({
    itemsMax: JOBS_A_COMMIT_MAX,
    commit: async (jobIds) => void (await settleJobs(context, { jobIds })),
  })
  return context.bus.consume('image-job-ended', options, ({ jobId }) => commits.add([jobId]))
}
