import type { BusFault } from '@sluice/bus/memory-bus'
import { hasEnded } from '@sluice/jobs/job-record'
import { sampleId } from '@sluice/jobs/testing/sample-job'
import { assert } from '@sluice/kernel/assert'
import type { Random } from '@sluice/kernel/random'
import { seededRandom } from '@sluice/kernel/random'
import type { Action } from '@sluice/testkit/simulate'
import { simulate } from '@sluice/testkit/simulate'
import { failureOf } from '@sluice/upstreams/failure-treatments'
import { UpstreamError } from '@sluice/upstreams/upstream-error'
import { describe, expect, it } from 'vitest'

import type { ImageRunner } from '../src/module.ts'
import { crashable } from './crashable.ts'
import type { Fixture } from './fixture.ts'
import { createFixture } from './fixture.ts'

const SEEDS = Array.from({ length: 12 }, (_none, index) => 1 + index)
const STEPS = 60
const RUNNERS_MAX = 3
const LIMITS = [1, 1, 2]

interface Simulation {
  fixture: Fixture
  jobs: number
  runners: { runner: ImageRunner; crash: () => void }[]
  /** The SHA-256 of each stored part when it was first observed. */
  storedHashes: Map<string, string>
}

async function createSimulation(random: Random): Promise<Simulation> {
  const faultRandom = seededRandom(random.integer(2 ** 31))
  // One of eight messages is lost, one of eight is delivered twice.
  const fault: BusFault = ({ text }) => [[], [text, text]][faultRandom.integer(8)] ?? [text]
  const fixture = createFixture({ seed: faultRandom.integer(2 ** 31), fault })
  for (const limit of LIMITS) fixture.pool.add(limit)
  fixture.upstream.does(async ({ signal }) => {
    await fixture.clock.sleep(faultRandom.integer(4_000), signal)
    const roll = faultRandom.integer(20)
    if (roll === 0) throw new UpstreamError(failureOf('rate-limited', { retryAfterMs: 1_500 }))
    if (roll < 3) throw new UpstreamError(failureOf('server-error'))
    if (roll === 3) throw new UpstreamError(failureOf('content-refused'))
    if (roll === 4) await fixture.clock.sleep(10_000, signal)
  })
  const simulation = { fixture, jobs: 0, runners: [], storedHashes: new Map() }
  await startRunner(simulation)
  return simulation
}

async function startRunner({ fixture, runners }: Simulation): Promise<void> {
  const { deps, crash } = crashable(fixture.deps)
  const config = { heartbeatMs: 1_000, lostAfterMs: 4_000, generateTimeoutMs: 8_000 }
  runners.push({ runner: await fixture.start({ ...deps, config }), crash })
}

const actions: Action<Simulation>[] = [
  {
    name: 'submit',
    weight: 4,
    run: async (simulation, random) => {
      simulation.jobs += 1
      await simulation.fixture.submit({
        number: simulation.jobs,
        wallet: 1 + random.integer(3),
        lastsMs: 20_000 + random.integer(600_000),
        request: { count: 1 + random.integer(4) },
      })
    },
  },
  {
    name: 'time passes',
    weight: 8,
    run: ({ fixture }, random) => fixture.advance(random.integer(3_000)),
  },
  {
    name: 'a runner starts',
    run: async (simulation) => {
      if (simulation.runners.length < RUNNERS_MAX) await startRunner(simulation)
    },
  },
  {
    name: 'a runner crashes',
    run: ({ runners }, random) => {
      runners.splice(random.integer(runners.length + 1), 1)[0]?.crash()
    },
  },
  {
    name: 'a runner is stopped',
    run: async ({ fixture, runners }, random) => {
      const [stopped] = runners.splice(random.integer(runners.length + 1), 1)
      const stopping = stopped?.runner.stop({ withinMs: 2_000 })
      await fixture.advance(2_500)
      await stopping
    },
  },
  {
    name: 'a caller cancels',
    run: async ({ fixture, jobs }, random) => {
      if (jobs === 0) return
      const jobId = sampleId('img', 1 + random.integer(jobs))
      const { outcome } = await fixture.store.cancel(jobId, fixture.clock.now())
      if (outcome === 'cancelled') await fixture.bus.announce('image-job-cancelled', { jobId })
    },
  },
]

async function check({ fixture, jobs, storedHashes }: Simulation): Promise<void> {
  for (let number = 1; number <= jobs; number += 1) {
    const job = await fixture.read(sampleId('img', number))
    const events = await fixture.store.readEvents({ jobId: job.id, afterSeq: 0, limit: 500 })
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, index) => index + 1))
    const ends = events.filter(({ fact }) => fact.type === 'ended')
    expect(ends).toHaveLength(hasEnded(job) ? 1 : 0)
    for (const { index, stored } of job.parts) {
      if (!stored) continue
      const key = `${job.id} ${index}`
      expect(stored.sha256).toBe(storedHashes.get(key) ?? stored.sha256)
      storedHashes.set(key, stored.sha256)
      expect((await fixture.blobs.stat(stored.blobKey))?.sha256).toBe(stored.sha256)
    }
  }
  for (const [index, limit] of LIMITS.entries()) {
    expect(fixture.upstream.maxConcurrent(`secret-${index + 1}`)).toBeLessThanOrEqual(limit)
  }
}

describe('runners that start, crash, stop and fail, with a bus that loses and repeats messages', () => {
  it.each(SEEDS)(
    'end every job once, lose no picture and never exceed a credential limit (seed %i)',
    async (seed) => {
      const simulation = await simulate({
        seed,
        steps: STEPS,
        createState: createSimulation,
        actions,
        check: async (simulation) => {
          await simulation.fixture.settle()
          await check(simulation)
        },
      })
      const { fixture, jobs } = simulation
      if (simulation.runners.length === 0) await startRunner(simulation)
      await fixture.advance(120_000)
      await check(simulation)
      for (let number = 1; number <= jobs; number += 1) {
        const job = await fixture.read(sampleId('img', number))
        assert(hasEnded(job), `job ${number} is ${job.state}`)
      }
      expect(fixture.pool.held()).toBe(0)
      expect(fixture.log.lines.filter(({ level }) => level === 'error')).toEqual([])
    },
    60_000,
  )
})
