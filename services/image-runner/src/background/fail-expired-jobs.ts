import type { RunnerContext } from '../deps.ts'
import { publishEvents } from '../notify/publish-events.ts'

const JOBS_MAX = 100
/** A running holder ends its job at the deadline itself, with a more specific failure. */
const GRACE_MS = 5_000

/** Fails jobs past their deadline that no running holder ends: queued ones, and those of dead runners. */
export async function failExpiredJobs(context: RunnerContext): Promise<void> {
  const { store, clock, held, counters } = context
  const now = new Date(clock.nowMs() - GRACE_MS)
  for (const jobId of await store.listExpired({ now, limit: JOBS_MAX })) {
    if (held.find(jobId)) continue
    const transition = await store.failExpired({ jobId, now: clock.now() })
    if (!transition) continue
    counters.claims.add({ end: 'deadline' })
    await publishEvents(context, transition)
  }
}
