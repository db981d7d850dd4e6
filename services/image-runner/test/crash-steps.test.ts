import { sampleId } from '@sluice/jobs/testing/sample-job'
import { describe, expect, it } from 'vitest'

import { crashable } from './crashable.ts'
import { FACTS } from './scripted-upstream.ts'
import { createFixture } from './fixture.ts'

const STEPS_MAX = 60

/** Runs a job with a runner that crashes at its n-th call, and then with another. */
async function runWithCrash({ crashAt, after }: { crashAt: number; after: boolean }) {
  const fixture = createFixture()
  fixture.pool.add(1)
  fixture.pool.add(1)
  fixture.upstream.does(async ({ onPartial }, { index }) => {
    await onPartial?.({ index: 0, bytes: Buffer.from(`partial of ${index}`), facts: FACTS })
  })
  const crashing = crashable(fixture.deps, { crashAt, after })
  await fixture.start(crashing.deps)
  await fixture.submit({ request: { count: 2, partialImages: 1 } })
  await fixture.advance(1_000)
  const crashedIn = crashing.hasCrashed() ? crashing.callNames[crashAt - 1] : undefined
  await fixture.start()
  await fixture.advance(60_000)
  return { fixture, crashedIn }
}

async function checkEnd({ fixture }: { fixture: ReturnType<typeof createFixture> }): Promise<void> {
  const jobId = sampleId('img', 1)
  const job = await fixture.read(jobId)
  expect(job).toMatchObject({ state: 'done', parts: [{ state: 'stored' }, { state: 'stored' }] })
  for (const { stored } of job.parts) {
    const blob = await fixture.blobs.stat(stored?.blobKey ?? '')
    expect(blob?.sha256).toBe(stored?.sha256)
  }
  const facts = await fixture.factsOf(jobId)
  const times = (type: string) => facts.filter((fact) => fact === type).length
  expect([times('stored'), times('ended'), facts.at(-1)]).toEqual([2, 1, 'ended'])
  expect(fixture.store.outbox()).toEqual([`image-job-ended ${jobId}`])
  // Only the crashed runner may have generated a picture that was not stored: at most one per part.
  expect(fixture.upstream.generations.length).toBeLessThanOrEqual(4)
  expect(fixture.pool.held()).toBe(0)
}

describe.each([
  { after: false, moment: 'before' },
  { after: true, moment: 'right after' },
])('a runner that crashes $moment one of its calls', ({ after }) => {
  it('loses no job, no picture and no event at any step', async () => {
    const steps: string[] = []
    for (let crashAt = 1; crashAt <= STEPS_MAX; crashAt += 1) {
      const { fixture, crashedIn } = await runWithCrash({ crashAt, after })
      await checkEnd({ fixture })
      if (crashedIn === undefined) break
      steps.push(crashedIn)
    }
    // All steps up to the last publication were covered.
    expect(steps.length).toBeLessThan(STEPS_MAX)
    expect(new Set(steps)).toEqual(
      new Set([
        'scheduler.grantLease',
        'scheduler.readCatalog',
        'scheduler.releaseLease',
        'store.claim',
        'store.write',
        'blobs.put',
        'bus.announce',
        'upstream.generateImage',
      ]),
    )
  })
})

it('a picture that was stored before a crash is never generated again', async () => {
  for (let crashAt = 1; crashAt <= STEPS_MAX; crashAt += 1) {
    const { fixture, crashedIn } = await runWithCrash({ crashAt, after: true })
    if (crashedIn === undefined) break
    const job = await fixture.read(sampleId('img', 1))
    for (const { index, stored, generations } of job.parts) {
      const generated = fixture.upstream.generations.filter(
        (generation) => generation.index === index,
      )
      const storedAt = generated.findIndex(({ sha256 }) => sha256 === stored?.sha256)
      expect(generated.slice(storedAt + 1)).toEqual([])
      expect(generations).toBeGreaterThanOrEqual(generated.length)
    }
  }
})
