import { repeat } from '@sluice/service-kit/repeat'

import type { RunnerContext } from '../deps.ts'
import type { WakeUps } from '../wake-ups.ts'
import { beatClaims } from './send-heartbeats.ts'
import { failExpiredJobs } from './fail-expired-jobs.ts'
import { createLostJobs } from './requeue-lost-jobs.ts'
import { sweepEndedJobs, sweepOrphans } from './sweep-blobs.ts'
import { createQueuedSweep } from './sweep-queued.ts'

const EXPIRE_EVERY_MS = 5_000
const SWEEP_BLOBS_EVERY_MS = 60_000
const SWEEP_ORPHANS_EVERY_MS = 6 * 3_600_000

export interface BackgroundTasks {
  /** Looks at this runner's claims now: somebody says that one is over. */
  beatNow(): void
  /** A job is off this runner's hands: there may be room for others. */
  jobEnded(): void
  /** Ends what begins or repairs something; the signs of life go on. */
  stopSweeps(): Promise<void>
  stop(): Promise<void>
}

/** What the runner does by time. */
export function startBackgroundTasks(context: RunnerContext, wakeUps: WakeUps): BackgroundTasks {
  const { clock, log, config } = context
  const every = (name: string, everyMs: number, run: () => Promise<void>) =>
    repeat({ name, everyMs, run, clock, log })
  const lostJobs = createLostJobs(context)
  const queuedSweep = createQueuedSweep(context, wakeUps)

  let stopping = false
  const beat = every('beat-claims', config.heartbeatMs, () => beatClaims(context))
  const sweepQueued = every('sweep-queued', config.sweepEveryMs, () => queuedSweep.look())
  const sweeps = [
    sweepQueued,
    every('requeue-lost-jobs', config.heartbeatMs, () => lostJobs.look()),
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
      if (!stopping && queuedSweep.isHungry()) void sweepQueued.now()
    },
    beatNow: () => void beat.now(),
    stopSweeps,
    stop: async () => {
      await stopSweeps()
      await beat.stop()
    },
  }
}
