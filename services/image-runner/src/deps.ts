import type { Retries } from '@sluice/attempts/retries'
import type { BlobStore } from '@sluice/blobs/blob-store'
import type { Bus } from '@sluice/bus/bus'
import type { Dialect } from '@sluice/contracts/dialects'
import type { Scheduler } from '@sluice/contracts/scheduler.contract'
import type { ClaimStore } from '@sluice/jobs/claim-store'
import type { BackgroundStore } from '@sluice/jobs/background-store'
import type { Clock } from '@sluice/kernel/clock'
import type { Log } from '@sluice/kernel/log'
import type { Random } from '@sluice/kernel/random'
import type { Sealer } from '@sluice/sealing/sealer'
import type { Metrics } from '@sluice/service-kit/metrics'
import type { Upstream } from '@sluice/upstreams/upstream'

import type { RunnerConfig } from './config.ts'
import type { RunnerCounters } from './counters.ts'
import type { KnownChannels } from './known-channels.ts'
import type { HeldJobs } from './held-jobs.ts'
import type { SlotQueue } from './slots/slot-queue.ts'

/** The dependencies of the image runner. */
export interface ImageRunnerDeps {
  store: ClaimStore & BackgroundStore
  blobs: BlobStore
  bus: Pick<Bus, 'announce' | 'subscribe' | 'consume' | 'connected'>
  scheduler: Pick<Scheduler, 'grantLease' | 'renewLease' | 'releaseLease' | 'readCatalog'>
  upstreams: Record<Dialect, Upstream>
  sealer: Sealer
  clock: Clock
  random: Random
  log: Log
  metrics: Metrics
  config?: Partial<RunnerConfig>
}

/** The context of stages and background tasks: the dependencies and the module's own objects. */
export interface RunnerContext extends Omit<ImageRunnerDeps, 'config' | 'metrics'> {
  config: RunnerConfig
  /** This runner's id: the holder of its claims and leases. */
  runner: string
  slotQueue: SlotQueue
  channels: KnownChannels
  held: HeldJobs
  retries: Retries
  counters: RunnerCounters
  /** Aborts at the start of the shutdown: no new part may start. */
  draining: AbortSignal
}
