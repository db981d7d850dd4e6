import { repeat } from '@sluice/service-kit/repeat'

import type { RunnerContext } from '../deps.ts'
import type { JobIntake } from '../job-intake.ts'
import { sendHeartbeats } from './send-heartbeats.ts'
import { failExpiredJobs } from './fail-expired-jobs.ts'
import { createLostJobs } from './requeue-lost-jobs.ts'
import { sweepEndedJobs, sweepOrphans } from './sweep-blobs.ts'
import { createQueuedSweep } from './sweep-queued.ts'

const EXPIRE_EVERY_MS = 5_000
const SWEEP_BLOBS_EVERY_MS = 60_000
const SWEEP_ORPHANS_EVERY_MS = 6 * 3_600_000

export interface BackgroundTasks {
  /** Checks this runner's claims now, because one may have ended. */
  sendHeartbeatsNow(): void
  /** Called when a job has ended here, so that queued ones may be loaded. */
  jobEnded(): void
  /** Stops all tasks except the heartbeats. */
  stopSweeps(): Promise<void>
  stop(): Promise<void>
}

/** Starts the periodic tasks of the runner. */
export function startBackgroundTasks(
  context: RunnerContext,
  jobIntake: JobIntake,
): BackgroundTasks {
  const { clock, log, config } = context
  const every = (name: string, everyMs: number, run: () => Promise<void>) =>
    repeat({ name, everyMs, run, clock, log })
  const lostJobs = createLostJobs(context)
  const queuedSweep = createQueuedSweep(context, jobIntake)

  let stopping = false
  const heartbeats = every('send-heartbeats', config.heartbeatMs, () => sendHeartbeats(context))
  const sweepQueued = every('sweep-queued', config.sweepEveryMs, () => queuedSweep.run())
  const sweeps = [
    sweepQueued,
    every('requeue-lost-jobs', config.heartbeatMs, () => lostJobs.run()),
    every('fail-expired-jobs', EXPIRE_EVERY_MS, () => failExpiredJobs(context)),
    every('sweep-ended-jobs', SWEEP_BLOBS_EVERY_MS, () => sweepEndedJobs(context)),
    every('sweep-orphans', SWEEP_ORPHANS_EVERY_MS, () => sweepOrphans(context)),
  ]
  const stopSweeps = async () => {
    stopping = true
    await Promise.all(sweeps.map((sweep) => sweep.stop()))
  }
  return {
    jobEnded: () => {
      if (!stopping && queuedSweep.needsRefill()) void sweepQueued.now()
    },
    sendHeartbeatsNow: () => void heartbeats.now(),
    stopSweeps,
    stop: async () => {
      await stopSweeps()
      await heartbeats.stop()
    },
  }
}
