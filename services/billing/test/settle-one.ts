import type { BillingContext } from '../src/deps.ts'
import type { SettleOutcome } from '../src/methods/settle-jobs.ts'
import { settleJobs } from '../src/methods/settle-jobs.ts'

/** Settles one job. */
export async function settleJob(
  context: BillingContext,
  { jobId }: { jobId: string },
): Promise<SettleOutcome | undefined> {
  const [settled] = await settleJobs(context, { jobIds: [jobId] })
  return settled?.outcome
}
