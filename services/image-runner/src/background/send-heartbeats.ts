import { hasEnded } from '@sluice/jobs/job-record'

import type { RunnerContext } from '../deps.ts'

/** Gives a sign of life for every claim of this runner, and stops drawing what it has lost. */
export async function beatClaims({
  store,
  held,
  clock,
}: Pick<RunnerContext, 'store' | 'held' | 'clock'>): Promise<void> {
  const claims = held.claims()
  if (claims.length === 0) return
  const alive = await store.heartbeat({ claims, now: clock.now() })
  const living = new Set(alive.map(({ jobId, fence }) => `${jobId} ${fence}`))
  for (const { jobId, fence } of claims) {
    const job = held.find(jobId)
    if (living.has(`${jobId} ${fence}`) || !job || hasEnded(job.job)) continue
    if (job.job.fence === fence) job.stop('lost')
  }
}
