import type { EdgeDeps } from '../deps.ts'
import type { Admitted } from '../http/request.ts'
import { followJob } from './follow-job.ts'
import type { JobEnd } from './job-end.ts'
import { endOfJob } from './job-end.ts'
import type { AbortScope } from '../http/abort-scope.ts'
import { stillGenerating } from '../http/abort-scope.ts'
import type { RunningImage } from './run-image.ts'

/** The minimum wait for the job, however long the upload took. */
const WAIT_MS_MIN = 1_000

/**
 * Waits for the end of a job, at most until SYNC_WAIT_MS after the request arrived, because clients time out
 * soon after. Rejects with `sync_wait_exceeded` then, and when this process stops; the job continues.
 */
export async function waitForEnd(
  { clock, config }: Pick<EdgeDeps, 'clock' | 'config'>,
  {
    running: { job, events },
    admitted,
    abortScope,
  }: { running: RunningImage; admitted: Admitted; abortScope: AbortScope },
): Promise<JobEnd> {
  const known = endOfJob(job)
  if (known) return known
  const usedMs = clock.nowMs() - admitted.receivedAtMs
  abortScope.limit(Math.max(WAIT_MS_MIN, config.syncWaitMs - usedMs), stillGenerating(job.id))
  const end = await followJob({ events, signal: abortScope.signal })
  if (!end) throw stillGenerating(job.id)
  return end
}
