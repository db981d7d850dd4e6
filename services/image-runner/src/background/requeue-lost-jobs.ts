import type { HeldClaim } from '@sluice/jobs/background-store'

import type { RunnerContext } from '../deps.ts'
import { publishEvents } from '../notify/publish-events.ts'

const PAGE_MAX = 500

/** The first observation of a claim with this heartbeat, on this process's monotonic clock. */
interface Observation {
  fence: number
  heartbeatMs: number
  sinceMs: number
}

/**
 * Requeues the jobs of runners without heartbeats. A heartbeat is compared with its previous value, never
 * with a clock: a wall clock that jumps does not take a claim from a running holder. So a new process
 * observes a claim for `lostAfterMs` before it requeues the job.
 */
export function createLostJobs(context: RunnerContext) {
  const observations = new Map<string, Observation>()
  return {
    run: async (): Promise<void> => {
      const nowMs = context.clock.monotonicMs()
      const listed = new Set<string>()
      for await (const claim of allClaims(context)) {
        const { jobId, fence } = claim
        listed.add(jobId)
        const heartbeatMs = claim.heartbeatAt.getTime()
        const known = observations.get(jobId)
        if (known?.fence !== fence || known.heartbeatMs !== heartbeatMs) {
          observations.set(jobId, { fence, heartbeatMs, sinceMs: nowMs })
        } else if (nowMs - known.sinceMs >= context.config.lostAfterMs) {
          await requeueLost(context, claim)
        }
      }
      for (const jobId of observations.keys()) if (!listed.has(jobId)) observations.delete(jobId)
    },
  }
}

/** Requeues every claimed job: for the start of the only runner. */
export async function requeueAllClaims(context: RunnerContext): Promise<void> {
  for await (const claim of allClaims(context)) await requeueLost(context, claim)
}

async function requeueLost(context: RunnerContext, claim: HeldClaim): Promise<void> {
  const { store, clock, counters, log } = context
  const transition = await store.requeueLost({ ...claim, now: clock.now() })
  if (!transition) return
  const { id: jobId, state, lostClaims } = transition.job
  counters.claims.add({ end: 'reaped' })
  log.warn({ jobId, state, lostClaims }, 'claim revoked: its runner sent no heartbeats')
  await publishEvents(context, transition)
}

// In order of ids, so that concurrent changes neither skip nor repeat a claim.
async function* allClaims({ store, held }: RunnerContext): AsyncIterable<HeldClaim> {
  for (let afterJobId = ''; ;) {
    const page = await store.listClaims({ afterJobId, limit: PAGE_MAX })
    for (const claim of page) if (!held.find(claim.jobId)) yield claim
    const last = page.at(-1)
    if (!last || page.length < PAGE_MAX) return
    afterJobId = last.jobId
  }
}
