import { imageLimits } from '@sluice/attempts/attempt-limits'
import { createRetries } from '@sluice/attempts/retries'
import type { Unsubscribe } from '@sluice/bus/bus'
import { AppError } from '@sluice/kernel/app-error'
import { newId } from '@sluice/kernel/ids'
import type { HealthCheck } from '@sluice/service-kit/http/health'

import { defaultRunnerConfig } from './config.ts'
import { runnerCounters } from './counters.ts'
import type { ImageRunnerDeps, RunnerContext } from './deps.ts'
import { createHeldJobs } from './held-jobs.ts'
import { createKnownChannels } from './known-channels.ts'
import { createSlotQueue } from './slots/slot-queue.ts'
import { runJob } from './run-job.ts'
import { requeueAllClaims } from './background/requeue-lost-jobs.ts'
import type { BackgroundTasks } from './background/start-background-tasks.ts'
import { startBackgroundTasks } from './background/start-background-tasks.ts'
import { listen } from './methods/listen.ts'
import { createJobIntake } from './job-intake.ts'

/** Leases of a dead runner expire after this time; a running one renews them after a third of it. */
const LEASE_TTL_MS = 30_000
/** The share of the drain time that is reserved for requeueing unfinished jobs. */
const REQUEUE_SHARE = 0.2
const REQUEUE_MS_MAX = 5_000

export interface ImageRunner {
  /** Starts to accept jobs. */
  start(): Promise<void>
  /** Completes running generations within the time limit, and requeues the rest. */
  stop(limit: { withinMs: number }): Promise<void>
  /** For /ready. */
  checks: Record<string, HealthCheck>
}

/** Creates the image runner; opens no socket. */
export function createImageRunner(deps: ImageRunnerDeps): ImageRunner {
  const drain = new AbortController()
  const context = createContext(deps, drain.signal)
  const jobIntake = createJobIntake({
    run: (hint) => runJob(context, hint),
    onDone: () => backgroundTasks?.jobEnded(),
  })
  const { clock, log, held, slotQueue } = context
  let backgroundTasks: BackgroundTasks | undefined
  let unsubscribe: Unsubscribe | undefined

  const stop = async ({ withinMs }: { withinMs: number }) => {
    await unsubscribe?.()
    await backgroundTasks?.stopSweeps()
    jobIntake.dropAll()
    drain.abort(new Error('the runner is stopping'))
    const requeueMs = Math.min(withinMs * REQUEUE_SHARE, REQUEUE_MS_MAX)
    const cancel = clock.after(withinMs - requeueMs, () => {
      if (held.size > 0) log.warn({ jobs: held.size }, 'requeueing unfinished jobs')
      for (const job of held.all()) job.stop('drain')
    })
    await jobIntake.empty()
    cancel()
    await slotQueue.settled()
    await backgroundTasks?.stop()
  }

  return {
    start: async () => {
      if (context.config.alone) await requeueAllClaims(context)
      backgroundTasks = startBackgroundTasks(context, jobIntake)
      unsubscribe = await listen(context, { jobIntake, backgroundTasks })
    },
    stop,
    checks: {
      database: async () => void (await context.store.load('none')),
      blobs: () => context.blobs.check(),
      bus: async () => {
        if (!deps.bus.connected()) throw new AppError('unavailable', 'the bus is unavailable')
      },
    },
  }
}

function createContext(deps: ImageRunnerDeps, draining: AbortSignal): RunnerContext {
  const { metrics, ...given } = deps
  const config = { ...defaultRunnerConfig, ...deps.config }
  const runner = newId('run', given)
  const slotQueue = createSlotQueue({
    ...given,
    holder: runner,
    slotsMax: config.concurrentGenerationsMax,
    waitingMax: config.waitingJobsMax,
    leaseTtlMs: LEASE_TTL_MS,
  })
  const held = createHeldJobs()
  metrics.watch({
    name: 'sluice_runner_generating',
    help: 'Pictures that are being generated or stored.',
    read: () => slotQueue.generating,
  })
  metrics.watch({
    name: 'sluice_runner_waiting',
    help: 'Jobs that are waiting in this runner for a credential.',
    read: () => slotQueue.waiting,
  })
  metrics.watch({
    name: 'sluice_runner_claims',
    help: 'Jobs that this runner has claimed.',
    read: () => held.size,
  })
  return {
    ...given,
    config,
    runner,
    slotQueue,
    held,
    channels: createKnownChannels(given),
    retries: createRetries(imageLimits),
    counters: runnerCounters(metrics),
    draining,
  }
}
