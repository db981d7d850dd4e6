import { sampleId } from '@sluice/jobs/testing/sample-job'
import { describe, expect, it } from 'vitest'

import { mortal } from './mortal.ts'
import { FACTS } from './scripted-upstream.ts'
import { createFixture } from './fixture.ts'

const STEPS_MAX = 60

/** Runs a job by a runner that dies at its n-th call, and then by another. */
async function runWithDeath({ dieAt, after }: { dieAt: number; after: boolean }) {
  const fixture = createFixture()
  fixture.pool.add(1)
  fixture.pool.add(1)
  fixture.upstream.does(async ({ onPartial }, { index }) => {
    await onPartial?.({ index: 0, bytes: Buffer.from(`partial of ${index}`), facts: FACTS })
  })
  const victim = mortal(fixture.deps, { dieAt, after })
  await fixture.start(victim.deps)
  await fixture.submit({ request: { count: 2, partialImages: 1 } })
  await fixture.advance(1_000)
  const diedIn = victim.isDead() ? victim.made[dieAt - 1] : undefined
  await fixture.start()
  await fixture.advance(60_000)
  return { fixture, diedIn }
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
  // Nobody but the dead may have drawn in vain, and each part at most once more.
  expect(fixture.upstream.generations.length).toBeLessThanOrEqual(4)
  expect(fixture.pool.held()).toBe(0)
}

describe.each([
  { after: false, moment: 'before' },
  { after: true, moment: 'right after' },
])('a runner that dies $moment a call of its own', ({ after }) => {
  it('at any step loses no job, no picture and no event', async () => {
    const steps: string[] = []
    for (let dieAt = 1; dieAt <= STEPS_MAX; dieAt += 1) {
      const { fixture, diedIn } = await runWithDeath({ dieAt, after })
      await checkEnd({ fixture })
      if (diedIn === undefined) break
      steps.push(diedIn)
    }
    // The whole way was covered, to the last announcement.
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

it('a picture that was stored before the death is never drawn again', async () => {
  for (let dieAt = 1; dieAt <= STEPS_MAX; dieAt += 1) {
    const { fixture, diedIn } = await runWithDeath({ dieAt, after: true })
    if (diedIn === undefined) break
    const job = await fixture.read(sampleId('img', 1))
    for (const { index, stored, generations } of job.parts) {
      const generated = fixture.upstream.generations.filter(
        (generating) => generating.index === index,
      )
      const keptDrawing = generated.findIndex(({ sha256 }) => sha256 === stored?.sha256)
      expect(generated.slice(keptDrawing + 1)).toEqual([])
      expect(generations).toBeGreaterThanOrEqual(generated.length)
    }
  }
})
