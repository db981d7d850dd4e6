import type { HeldClaim } from '@sluice/jobs/background-store'

import type { RunnerContext } from '../deps.ts'
import { announceEvents } from '../notify/announce-events.ts'

const PAGE_MAX = 500

/** A claim as it was seen first, on this process's own monotonic clock. */
interface Seen {
  fence: number
  heartbeatMs: number
  sinceMs: number
}

/**
 * Takes claims from runners who gave no sign of life. A heartbeat is compared with what it was when
 * we last looked, never with our clock: a wall clock that jumps, here or there, takes nothing from
 * a living runner. So a fresh process watches a claim for `lostAfterMs` before it takes it.
 */
export function createLostJobs(context: RunnerContext) {
  const seen = new Map<string, Seen>()
  return {
    look: async (): Promise<void> => {
      const nowMs = context.clock.monotonicMs()
      const listed = new Set<string>()
      for await (const claim of allClaims(context)) {
        const { jobId, fence } = claim
        listed.add(jobId)
        const heartbeatMs = claim.heartbeatAt.getTime()
        const known = seen.get(jobId)
        if (known?.fence !== fence || known.heartbeatMs !== heartbeatMs) {
          seen.set(jobId, { fence, heartbeatMs, sinceMs: nowMs })
        } else if (nowMs - known.sinceMs >= context.config.lostAfterMs) {
          await requeueLost(context, claim)
        }
      }
      for (const jobId of seen.keys()) if (!listed.has(jobId)) seen.delete(jobId)
    },
  }
}

/** Takes every claim there is: for the start of a runner that knows itself to be alone. */
export async function requeueAllClaims(context: RunnerContext): Promise<void> {
  for await (const claim of allClaims(context)) await requeueLost(context, claim)
}

async function requeueLost(context: RunnerContext, claim: HeldClaim): Promise<void> {
  const { store, clock, counters, log } = context
  const moved = await store.requeueLost({ ...claim, now: clock.now() })
  if (!moved) return
  const { id: jobId, state, lostClaims } = moved.job
  counters.claims.add({ end: 'reaped' })
  log.warn({ jobId, state, lostClaims }, 'a job was taken from a runner that was lost')
  await announceEvents(context, moved)
}

// In order of ids, so that what moves meanwhile is neither skipped nor seen twice.
async function* allClaims({ store, held }: RunnerContext): AsyncIterable<HeldClaim> {
  for (let afterJobId = ''; ;) {
    const page = await store.listClaims({ afterJobId, limit: PAGE_MAX })
    for (const claim of page) if (!held.find(claim.jobId)) yield claim
    const last = page.at(-1)
    if (!last || page.length < PAGE_MAX) return
    afterJobId = last.jobId
  }
}
