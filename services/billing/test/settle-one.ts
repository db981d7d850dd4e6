import type { BillingParts } from '../src/deps.ts'
import type { SettleOutcome } from '../src/verbs/settle-jobs.ts'
import { settleJobs } from '../src/verbs/settle-jobs.ts'

/** What is done about one job's money. */
export async function settleJob(
  parts: BillingParts,
  { jobId }: { jobId: string },
): Promise<SettleOutcome | undefined> {
  const [settled] = await settleJobs(parts, { jobIds: [jobId] })
  return settled?.outcome
}
