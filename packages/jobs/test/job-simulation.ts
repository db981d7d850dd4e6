import type { ImageJobEvent } from '@sluice/contracts/events'
import type { FakeClock } from '@sluice/kernel/testing/fake-clock'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import type { Random } from '@sluice/kernel/random'
import type { Action } from '@sluice/testkit/simulate'
import { expect } from 'vitest'

import type { HolderMove } from '../src/holder-moves.ts'
import type { JobRecord } from '../src/job-record.ts'
import { hasEnded, isOpen } from '../src/job-record.ts'
import type { JobStore } from '../src/job-store.ts'
import { sampleId, sampleJob, samplePart } from '../src/testing/sample-job.ts'
import type { HeldClaim } from '../src/background-store.ts'

const JOBS_MAX = 6

/** Jobs, their runners (running, dead and stale), and the observed records. */
export interface JobSimulation {
  store: JobStore
  outbox: () => Promise<string[]>
  clock: FakeClock
  jobIds: string[]
  /** Copies of claimed jobs in the memory of runners; those of a dead or paused runner become outdated. */
  holders: JobRecord[]
  /** Claims as a background task listed them at some time. */
  observed: HeldClaim[]
  /** The last observed record of each job, to compare the next one with. */
  lastRecords: Map<string, JobRecord>
  generations: number
}

export function createJobSimulation(
  stores: Pick<JobSimulation, 'store' | 'outbox'>,
): JobSimulation {
  return {
    ...stores,
    clock: fakeClock(),
    jobIds: [],
    holders: [],
    observed: [],
    lastRecords: new Map(),
    generations: 0,
  }
}

const pick = <Item>(random: Random, items: readonly Item[]): Item | undefined =>
  items[random.integer(Math.max(1, items.length))]

/** Actions of callers, runners and background tasks, and faults, in any order. */
export const jobActions: Action<JobSimulation>[] = [
  { name: 'submit', weight: 3, run: submit },
  { name: 'claim', weight: 6, run: claim },
  {
    name: 'write',
    weight: 14,
    run: (simulation, random) => write(simulation, random, { resultLost: false }),
  },
  {
    name: 'write, result lost',
    run: (simulation, random) => write(simulation, random, { resultLost: true }),
  },
  {
    name: 'a runner dies or is paused',
    weight: 2,
    run: ({ holders }, random) => {
      const removedIndex = random.integer(holders.length + 1)
      if (random.next() < 0.7) holders.splice(removedIndex, 1)
    },
  },
  { name: 'heartbeat', weight: 2, run: heartbeat },
  { name: 'observe claims', weight: 2, run: observe },
  { name: 'requeue an observed claim', weight: 2, run: requeue },
  { name: 'cancel', run: cancel },
  { name: 'expire', run: expire },
  {
    name: 'time passes',
    weight: 3,
    run: ({ clock }, random) => clock.advance(random.integer(20_000)),
  },
]

async function submit({ store, clock, jobIds }: JobSimulation, random: Random) {
  const number = 1 + random.integer(JOBS_MAX)
  const job = sampleJob({
    number,
    wallet: 1 + random.integer(2),
    now: clock.now(),
    lastsMs: 1_000 + random.integer(300_000),
    request: { count: 1 + random.integer(4), partialImages: random.integer(3) },
  })
  const { created } = await store.submit(job, clock.now())
  expect(created).toBe(!jobIds.includes(job.id))
  if (created) jobIds.push(job.id)
  return created
}

// Hints may be repeated and may refer to any job.
async function claim({ store, clock, jobIds, holders }: JobSimulation, random: Random) {
  const jobId = pick(random, jobIds)
  if (jobId === undefined) return undefined
  const runner = sampleId('run', random.integer(3))
  const slots = random.integer(4)
  // The hint is often wrong about the job.
  const fresh = random.next() < 0.5 ? { count: 1 + random.integer(4) } : undefined
  const claimed = await store.claim({ jobId, runner, slots, now: clock.now(), fresh })
  if (claimed) holders.push(claimed.job)
  return claimed?.job.fence
}

async function write(
  simulation: JobSimulation,
  random: Random,
  { resultLost }: { resultLost: boolean },
) {
  const held = pick(random, simulation.holders)
  if (!held) return undefined
  const before = await simulation.store.load(held.id)
  const moves = Array.from({ length: 1 + random.integer(2) }, () =>
    someMove(simulation, held, random),
  )
  const written = await simulation.store.write({ held, moves, now: simulation.clock.now() })
  const hadClaim = before?.fence === held.fence
  if (written !== 'lost') expect(hadClaim).toBe(true)
  if (resultLost) return 'unknown'
  simulation.holders = simulation.holders.filter((other) => other !== held)
  if (written === 'lost') return 'lost'
  if (written.job.state === 'claimed') simulation.holders.push(written.job)
  return moves.map(({ type }) => type).join()
}

function someMove(simulation: JobSimulation, held: JobRecord, random: Random): HolderMove {
  const index = random.integer(held.parts.length)
  simulation.generations += 1
  const failure = { code: 'upstream_failed', message: `try ${simulation.generations}` }
  const stored = {
    ...samplePart(held.id, index),
    sha256: `${simulation.generations}`.padStart(64, '0'),
  }
  const moves: HolderMove[] = [
    { type: 'store', stored },
    { type: 'store', stored, unconfirmedCharges: 1 },
    { type: 'fail', index, failure },
    { type: 'begin', indexes: [index] },
    { type: 'requeue', reason: 'drain', unconfirmedCharges: { [index]: 1 } },
    {
      type: 'partial',
      index,
      partialIndex: random.integer(3),
      blobKey: `jobs/${held.id}/partials/${index}/0`,
      facts: stored.facts,
    },
  ]
  return pick(random, moves) ?? { type: 'begin', indexes: [] }
}

async function heartbeat({ store, clock, holders }: JobSimulation) {
  const claims = holders.map(({ id, fence }) => ({ jobId: id, fence }))
  const held = await store.heartbeat({ claims, now: clock.now() })
  for (const { jobId, fence } of held) {
    const job = await store.load(jobId)
    expect(job).toMatchObject({ state: 'claimed', fence })
  }
  return held.length
}

async function observe(simulation: JobSimulation) {
  simulation.observed = await simulation.store.listClaims({ afterJobId: '', limit: 100 })
  return simulation.observed.length
}

async function requeue({ store, clock, observed }: JobSimulation, random: Random) {
  const claim = pick(random, observed)
  if (!claim) return undefined
  const before = await store.load(claim.jobId)
  const lost = await store.requeueLost({ ...claim, now: clock.now() })
  const same =
    before?.state === 'claimed' &&
    before.fence === claim.fence &&
    before.heartbeatAt?.getTime() === claim.heartbeatAt.getTime()
  expect(lost !== undefined).toBe(same)
  return lost?.job.state
}

async function cancel({ store, clock, jobIds }: JobSimulation, random: Random) {
  const jobId = pick(random, jobIds)
  if (jobId === undefined) return undefined
  const before = await store.load(jobId)
  const { outcome } = await store.cancel(jobId, clock.now())
  const untouched = before?.parts.every(({ state }) => state === 'waiting') ?? false
  if (before && hasEnded(before)) expect(outcome).toBe('ended')
  else expect(outcome).toBe(untouched ? 'cancelled' : 'too-late')
  return outcome
}

async function expire({ store, clock }: JobSimulation) {
  const expired = await store.listExpired({ now: clock.now(), limit: 100 })
  for (const jobId of expired) {
    expect(await store.failExpired({ jobId, now: clock.now() })).toBeDefined()
  }
  return expired.length
}

/** Checks the invariants after every step. */
export async function checkJobs(simulation: JobSimulation): Promise<void> {
  const outbox: string[] = []
  for (const jobId of simulation.jobIds) {
    const job = await simulation.store.load(jobId)
    expect(job).toBeDefined()
    if (!job) continue
    const events = await simulation.store.readEvents({ jobId, afterSeq: 0, limit: 1_000 })
    checkHistory(job, events)
    const before = simulation.lastRecords.get(jobId)
    if (before) checkStep(before, job)
    simulation.lastRecords.set(jobId, job)
    if (job.state === 'queued') outbox.push(`image-job-queued ${jobId}`)
    if (hasEnded(job)) outbox.push(`image-job-ended ${jobId}`)
  }
  expect(await simulation.outbox()).toEqual(outbox.sort())
}

function checkHistory(job: JobRecord, events: readonly ImageJobEvent[]): void {
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_event, index) => index + 1))
  expect(job.lastSeq).toBe(events.length)
  expect(job.parts.some(isOpen)).toBe(!hasEnded(job))
  const facts = events.map(({ fact }) => fact)
  const ends = facts.flatMap((fact) => (fact.type === 'ended' ? [fact] : []))
  const storedParts = job.parts.flatMap(({ stored }) => (stored ? [stored] : []))
  expect(ends).toEqual(
    hasEnded(job)
      ? [{ type: 'ended', state: job.state, parts: storedParts, failure: job.failure }]
      : [],
  )
  if (ends.length > 0) expect(facts.at(-1)?.type).toBe('ended')
  for (const { index, state, stored, failure } of job.parts) {
    const published = facts.flatMap((fact) => (fact.type === 'stored' ? [fact.part] : []))
    expect(published.filter((part) => part.index === index)).toEqual(stored ? [stored] : [])
    const failures = facts.filter((fact) => fact.type === 'part-failed' && fact.index === index)
    expect(failures).toHaveLength(state === 'failed' ? 1 : 0)
    expect(stored !== null).toBe(state === 'stored')
    expect(failure !== null).toBe(state === 'failed' || state === 'cancelled')
  }
}

/** Ended jobs and ended parts never change, and counters never decrease. */
function checkStep(before: JobRecord, job: JobRecord): void {
  if (hasEnded(before)) expect(job).toEqual(before)
  expect(job.version).toBeGreaterThanOrEqual(before.version)
  expect(job.fence).toBeGreaterThanOrEqual(before.fence)
  const wasClaimed = before.state !== 'claimed' && job.state === 'claimed'
  if (wasClaimed) expect(job.fence).toBeGreaterThan(before.fence)
  for (const part of before.parts) {
    const now = job.parts[part.index]
    if (!isOpen(part)) expect(now).toEqual(part)
    expect(now?.generations).toBeGreaterThanOrEqual(part.generations)
    expect(now?.unconfirmedCharges).toBeGreaterThanOrEqual(part.unconfirmedCharges)
  }
}

/** Runs one healthy runner and the background tasks until every job has ended. */
export async function finishJobs(simulation: JobSimulation): Promise<void> {
  const { store, clock } = simulation
  for (const claim of await store.listClaims({ afterJobId: '', limit: 100 })) {
    await store.requeueLost({ ...claim, now: clock.now() })
  }
  await expire(simulation)
  for (const { jobId, waiting } of await store.listQueued({
    queuedBefore: clock.now(),
    limit: 100,
  })) {
    const claimed = await store.claim({
      jobId,
      runner: sampleId('run', 9),
      slots: waiting,
      now: clock.now(),
    })
    if (!claimed) continue
    const open = claimed.job.parts.filter(isOpen)
    const moves = open.map(({ index }): HolderMove => ({
      type: 'store',
      stored: samplePart(jobId, index),
    }))
    await store.write({ held: claimed.job, moves, now: clock.now() })
  }
  await checkJobs(simulation)
  for (const job of simulation.lastRecords.values()) expect(hasEnded(job)).toBe(true)
}
