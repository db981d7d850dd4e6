import type { RunnerParts } from '../deps.ts'
import type { WakeUps } from '../wake-ups.ts'

const JOBS_MAX = 100
/** While so many wait here already, further ones would only wait twice. */
const WAITING_LOW = 50
/** Younger ones are on their way over the bus. */
const QUEUED_FOR_MS = 2_000

/** Finds jobs that nobody was told of: the bus was away, or who heard of them died. */
export async function sweepQueued(
  { store, clock, desk }: Pick<RunnerParts, 'store' | 'clock' | 'desk'>,
  wakeUps: WakeUps,
): Promise<void> {
  if (desk.waiting >= WAITING_LOW) return
  const queuedBefore = new Date(clock.nowMs() - QUEUED_FOR_MS)
  for (const job of await store.listQueued({ queuedBefore, limit: JOBS_MAX })) {
    wakeUps.take({ ...job, waiting: Math.max(1, job.waiting) })
  }
}
