import type { BlobStore } from '@sluice/blobs/blob-store'
import { createMemoryBlobStore } from '@sluice/blobs/memory-blob-store'
import type { BusFault } from '@sluice/bus/memory-bus'
import { createMemoryBus } from '@sluice/bus/memory-bus'
import type { BusEvent, BusEventName } from '@sluice/contracts/events'
import { queuedHint } from '@sluice/jobs/hints'
import type { JobRecord } from '@sluice/jobs/job-record'
import { createMemoryJobStore } from '@sluice/jobs/memory-job-store'
import type { SampleJob } from '@sluice/jobs/testing/sample-job'
import { sampleId, sampleJob } from '@sluice/jobs/testing/sample-job'
import { assert } from '@sluice/kernel/assert'
import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { createSealer } from '@sluice/sealing/aes-sealer'
import { createMetrics } from '@sluice/service-kit/metrics'

import type { ImageRunnerDeps } from '../src/deps.ts'
import { createImageRunner } from '../src/module.ts'
import { createPool, MODEL } from './pool.ts'
import { createScriptedUpstream } from './scripted-upstream.ts'

const SLICE_MS = 50

/** In-memory dependencies of image runners; its runners share store, blobs, bus, pool and clock. */
export function createFixture({ seed = 1, fault }: { seed?: number; fault?: BusFault } = {}) {
  const clock = fakeClock()
  const random = seededRandom(seed)
  const log = recordedLog()
  const bus = createMemoryBus({ clock, random, ...(fault && { fault }) })
  const store = createMemoryJobStore()
  const blobs: BlobStore = createMemoryBlobStore({ clock })
  const sealer = createSealer({ keys: [{ keyId: 'k1', key: random.bytes(32) }], random })
  const pool = createPool({ clock, bus, sealer })
  const upstream = createScriptedUpstream({ clock })
  const deps: ImageRunnerDeps = {
    store,
    blobs,
    bus,
    scheduler: pool.scheduler,
    upstreams: { sandbox: upstream.upstream, openai: upstream.upstream },
    sealer,
    clock,
    random,
    log,
    metrics: createMetrics({ service: 'image-runner' }),
  }

  /** Runs all pending callbacks that do not wait for a timer. */
  const settle = async () => {
    for (let turn = 0; turn < 4; turn += 1) await new Promise<void>((next) => setImmediate(next))
  }
  const advance = async (ms: number) => {
    await settle()
    for (let left = ms; left > 0; left -= SLICE_MS) {
      await clock.advance(Math.min(left, SLICE_MS))
      await settle()
    }
  }
  const write = async (job: Partial<SampleJob> = {}) => {
    const { number = 1, request } = job
    const prompt = `prompt ${number}`
    const sample = sampleJob({
      now: clock.now(),
      ...job,
      request: { model: MODEL, prompt, ...request },
    })
    return (await store.submit(sample, clock.now())).job
  }
  const read = async (jobId = sampleId('img', 1)): Promise<JobRecord> => {
    const job = await store.load(jobId)
    assert(job, 'the job does not exist')
    return job
  }
  const publishedEvents = <Name extends BusEventName>(
    name: Name,
    collect: BusEvent<Name>[] = [],
  ) => {
    void bus.subscribe(name, (event) => void collect.push(event))
    return collect
  }

  return {
    clock,
    log,
    bus,
    store,
    blobs,
    pool,
    upstream,
    deps,
    settle,
    advance,
    /** Inserts a job without publishing it. */
    write,
    /** Submits a job as edge-api does. */
    submit: async (job: Partial<SampleJob> = {}) => {
      const submitted = await write(job)
      await bus.announce('image-job-queued', queuedHint(submitted))
      await settle()
      return submitted.id
    },
    read,
    publishedEvents,
    factsOf: async (jobId = sampleId('img', 1)) =>
      (await store.readEvents({ jobId, afterSeq: 0, limit: 100 })).map(({ fact }) => fact.type),
    start: async (facts: Partial<ImageRunnerDeps> = {}) => {
      const runner = createImageRunner({ ...deps, ...facts })
      await runner.start()
      return runner
    },
  }
}
export type Fixture = ReturnType<typeof createFixture>
