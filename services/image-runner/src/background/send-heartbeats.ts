import { hasEnded } from '@sluice/jobs/job-record'

import type { RunnerContext } from '../deps.ts'

/** Sends a heartbeat for every claim of this runner, and stops the jobs whose claims it has lost. */
export async function sendHeartbeats({
  store,
  held,
  clock,
}: Pick<RunnerContext, 'store' | 'held' | 'clock'>): Promise<void> {
  const claims = held.claims()
  if (claims.length === 0) return
  const heldClaims = await store.heartbeat({ claims, now: clock.now() })
  const heldKeys = new Set(heldClaims.map(({ jobId, fence }) => `${jobId} ${fence}`))
  for (const { jobId, fence } of claims) {
    const job = held.find(jobId)
    if (heldKeys.has(`${jobId} ${fence}`) || !job || hasEnded(job.job)) continue
    if (job.job.fence === fence) job.stop('lost')
  }
}
