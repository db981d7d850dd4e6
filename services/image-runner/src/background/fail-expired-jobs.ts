import type { RunnerContext } from '../deps.ts'
import { announceEvents } from '../notify/announce-events.ts'

const JOBS_MAX = 100
/** A living holder ends its job at the deadline by itself, and knows better how it ended. */
const GRACE_MS = 5_000

/** Fails jobs whose time is over and whom nobody draws: queued ones, and those of dead runners. */
export async function failExpiredJobs(context: RunnerContext): Promise<void> {
  const { store, clock, held, counters } = context
  const now = new Date(clock.nowMs() - GRACE_MS)
  for (const jobId of await store.listExpired({ now, limit: JOBS_MAX })) {
    if (held.find(jobId)) continue
    const moved = await store.failExpired({ jobId, now: clock.now() })
    if (!moved) continue
    counters.claims.add({ end: 'deadline' })
    await announceEvents(context, moved)
  }
}
