import type { RunnerContext } from '../deps.ts'
import type { WakeUps } from '../wake-ups.ts'

const JOBS_MAX = 100
/** While so many wait here already, further ones would only wait twice. */
const WAITING_LOW = 50
/** Younger ones are on their way over the bus. */
const QUEUED_FOR_MS = 2_000

export interface QueuedSweep {
  /** Takes up jobs from their rows, as far as there is room for waiting. */
  look(): Promise<void>
  /** True when more is known to wait in rows, and there is room for it here. */
  isHungry(): boolean
}

/** Finds jobs that nobody was told of: the bus was away, who heard of them died, or it was crowded. */
export function createQueuedSweep(
  {
    store,
    clock,
    slotQueue,
    config,
  }: Pick<RunnerContext, 'store' | 'clock' | 'slotQueue' | 'config'>,
  wakeUps: WakeUps,
): QueuedSweep {
  const low = Math.min(WAITING_LOW, Math.ceil(config.waitingJobsMax / 2))
  let turnedAwayBefore = 0
  let pageWasFull = false

  const hasBacklog = () => pageWasFull || slotQueue.turnedAway > turnedAwayBefore

  return {
    look: async () => {
      if (slotQueue.waiting >= low) return
      // Of a known backlog nobody else will tell, however young it is.
      const queuedBefore = new Date(clock.nowMs() - (hasBacklog() ? 0 : QUEUED_FOR_MS))
      turnedAwayBefore = slotQueue.turnedAway
      const jobs = await store.listQueued({ queuedBefore, limit: JOBS_MAX })
      pageWasFull = jobs.length === JOBS_MAX
      for (const job of jobs) wakeUps.take({ ...job, waiting: Math.max(1, job.waiting) })
    },
    isHungry: () => hasBacklog() && slotQueue.waiting < low,
  }
}
