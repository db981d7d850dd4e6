import type { RunnerContext } from '../deps.ts'
import type { JobIntake } from '../job-intake.ts'

const JOBS_MAX = 100
/** No more jobs are loaded while this many are waiting in this runner. */
const WAITING_LOW = 50
/** Jobs queued more recently are expected to arrive over the bus. */
const QUEUED_FOR_MS = 2_000

export interface QueuedSweep {
  /** Loads queued jobs from their rows, as far as this runner has capacity for them. */
  run(): Promise<void>
  /** True when rows have more queued jobs, and this runner has capacity for them. */
  needsRefill(): boolean
}

/** Finds queued jobs whose message was lost, or whose runner died or rejected them. */
export function createQueuedSweep(
  {
    store,
    clock,
    slotQueue,
    config,
  }: Pick<RunnerContext, 'store' | 'clock' | 'slotQueue' | 'config'>,
  jobIntake: JobIntake,
): QueuedSweep {
  const low = Math.min(WAITING_LOW, Math.ceil(config.waitingJobsMax / 2))
  let rejectedBefore = 0
  let pageWasFull = false

  const hasBacklog = () => pageWasFull || slotQueue.rejectedCount > rejectedBefore

  return {
    run: async () => {
      if (slotQueue.waiting >= low) return
      // A known backlog is loaded at once, because no further message arrives for it.
      const queuedBefore = new Date(clock.nowMs() - (hasBacklog() ? 0 : QUEUED_FOR_MS))
      rejectedBefore = slotQueue.rejectedCount
      const jobs = await store.listQueued({ queuedBefore, limit: JOBS_MAX })
      pageWasFull = jobs.length === JOBS_MAX
      for (const job of jobs) jobIntake.take({ ...job, waiting: Math.max(1, job.waiting) })
    },
    needsRefill: () => hasBacklog() && slotQueue.waiting < low,
  }
}
