import { assert } from '@sluice/kernel/assert'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'

import type { HolderMove } from '../src/holder-moves.ts'
import type { JobRecord, Transition } from '../src/job-record.ts'
import type { JobStore } from '../src/job-store.ts'
import type { SampleJob } from '../src/testing/sample-job.ts'
import { sampleId, sampleJob, samplePart } from '../src/testing/sample-job.ts'

export interface StoreUnderTest {
  store: JobStore
  /** The outbox as `topic key`, sorted. */
  outbox: () => Promise<string[]>
}

export const RUNNER = sampleId('run', 1)
export const failure = { code: 'upstream_failed', message: 'It failed.' }

/** An empty store, and helpers for its test suites. */
export async function createStoreFixture(make: () => Promise<StoreUnderTest>) {
  const clock = fakeClock()
  const { store, outbox } = await make()

  const now = () => clock.now()
  const submit = async (job: Partial<SampleJob> = {}) => {
    const { job: submitted } = await store.submit(sampleJob({ now: now(), ...job }), now())
    return submitted.id
  }
  const claim = async (jobId: string, slots = 10) => {
    const claimed = await store.claim({ jobId, runner: RUNNER, slots, now: now() })
    assert(claimed, 'the job was not claimed')
    return claimed.job
  }
  const write = async (held: JobRecord, ...moves: HolderMove[]) => {
    const written = await store.write({ held, moves, now: now() })
    assert(written !== 'lost', 'the claim was lost')
    return written
  }
  const storePart = (held: JobRecord, index = 0, content = 'a'): HolderMove => ({
    type: 'store',
    stored: samplePart(held.id, index, content),
  })
  const lose = async ({ id, fence, heartbeatAt }: JobRecord) => {
    assert(heartbeatAt, 'only a claim can be lost')
    return store.requeueLost({ jobId: id, fence, heartbeatAt, now: now() })
  }
  const read = async (jobId: string) => {
    const job = await store.load(jobId)
    assert(job, 'the job does not exist')
    return job
  }
  const eventsOf = (jobId: string) => store.readEvents({ jobId, afterSeq: 0, limit: 100 })

  return {
    clock,
    store,
    outbox,
    now,
    submit,
    claim,
    write,
    storePart,
    lose,
    read,
    eventsOf,
    submitAndClaim: async (job: Partial<SampleJob> = {}) => claim(await submit(job)),
    factsOf: async (jobId: string) => (await eventsOf(jobId)).map(({ fact }) => fact.type),
    statesOf: (transition: Transition) => transition.job.parts.map(({ state }) => state),
  }
}
export type StoreFixture = Awaited<ReturnType<typeof createStoreFixture>>
