import type { Unsubscribe } from '@sluice/bus/bus'
import { AppError } from '@sluice/kernel/app-error'
import { newId } from '@sluice/kernel/ids'
import type { HealthCheck } from '@sluice/service-kit/http/health'

import { defaultRunnerConfig } from './config.ts'
import { runnerCounters } from './counters.ts'
import type { ImageRunnerDeps, RunnerContext } from './deps.ts'
import { createRetryBudget } from './generate/retry-budget.ts'
import { createHeldJobs } from './held-jobs.ts'
import { createKnownChannels } from './known-channels.ts'
import { createSlotQueue } from './slots/slot-queue.ts'
import { runJob } from './run-job.ts'
import { requeueAllClaims } from './background/requeue-lost-jobs.ts'
import type { BackgroundTasks } from './background/start-background-tasks.ts'
import { startBackgroundTasks } from './background/start-background-tasks.ts'
import { listen } from './methods/listen.ts'
import { createWakeUps } from './wake-ups.ts'

/** A dead runner's credentials come free after this, a living one's are renewed at a third of it. */
const LEASE_TTL_MS = 30_000
/** At the end of a drain, this share of the time is for giving back what could not be drawn. */
const GIVE_BACK_SHARE = 0.2
const GIVE_BACK_MS_MAX = 5_000

export interface ImageRunner {
  /** Begins to take jobs. */
  start(): Promise<void>
  /** Ends what is being drawn, within the time, and gives the rest back to the queue. */
  stop(limit: { withinMs: number }): Promise<void>
  /** For /ready. */
  checks: Record<string, HealthCheck>
}

/** Long image jobs. Makes the module; opens no socket. */
export function createImageRunner(deps: ImageRunnerDeps): ImageRunner {
  const drain = new AbortController()
  const context = createContext(deps, drain.signal)
  const wakeUps = createWakeUps({
    run: (wake) => runJob(context, wake),
    onLetGo: () => backgroundTasks?.jobEnded(),
  })
  const { clock, log, held, slotQueue } = context
  let backgroundTasks: BackgroundTasks | undefined
  let hearNothing: Unsubscribe | undefined

  const stop = async ({ withinMs }: { withinMs: number }) => {
    await hearNothing?.()
    await backgroundTasks?.stopSweeps()
    wakeUps.dropAll()
    drain.abort(new Error('the runner stops'))
    const giveBackMs = Math.min(withinMs * GIVE_BACK_SHARE, GIVE_BACK_MS_MAX)
    const cancel = clock.after(withinMs - giveBackMs, () => {
      if (held.size > 0) log.warn({ jobs: held.size }, 'jobs are given back unfinished')
      for (const job of held.all()) job.stop('drain')
    })
    await wakeUps.empty()
    cancel()
    await slotQueue.settled()
    await backgroundTasks?.stop()
  }

  return {
    start: async () => {
      if (context.config.alone) await requeueAllClaims(context)
      backgroundTasks = startBackgroundTasks(context, wakeUps)
      hearNothing = await listen(context, { wakeUps, backgroundTasks })
    },
    stop,
    checks: {
      database: async () => void (await context.store.load('none')),
      blobs: () => context.blobs.check(),
      bus: async () => {
        if (!deps.bus.connected()) throw new AppError('unavailable', 'the bus is away')
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
    slotsMax: config.generationsAtOnceMax,
    waitingMax: config.waitingJobsMax,
    leaseTtlMs: LEASE_TTL_MS,
  })
  const held = createHeldJobs()
  metrics.watch({
    name: 'sluice_runner_drawing',
    help: 'Pictures that are being drawn or stored.',
    read: () => slotQueue.generating,
  })
  metrics.watch({
    name: 'sluice_runner_waiting',
    help: 'Jobs that wait here for a credential.',
    read: () => slotQueue.waiting,
  })
  metrics.watch({
    name: 'sluice_runner_claims',
    help: 'Jobs that are claimed by this runner.',
    read: () => held.size,
  })
  return {
    ...given,
    config,
    runner,
    slotQueue,
    held,
    channels: createKnownChannels(given),
    retryBudget: createRetryBudget(),
    counters: runnerCounters(metrics),
    draining,
  }
}
