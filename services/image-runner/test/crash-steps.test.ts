import { sampleId } from '@sluice/jobs/testing/sample-job'
import { describe, expect, it } from 'vitest'

import { mortal } from './mortal.ts'
import { FACTS } from './scripted-upstream.ts'
import { createWorld } from './world.ts'

const STEPS_MAX = 60

/** Runs a job by a runner that dies at its n-th call, and then by another. */
async function runWithDeath({ dieAt, after }: { dieAt: number; after: boolean }) {
  const world = createWorld()
  world.pool.add(1)
  world.pool.add(1)
  world.upstream.does(async ({ onPartial }, { index }) => {
    await onPartial?.({ index: 0, bytes: Buffer.from(`partial of ${index}`), facts: FACTS })
  })
  const victim = mortal(world.deps, { dieAt, after })
  await world.start(victim.deps)
  await world.submit({ request: { count: 2, partialImages: 1 } })
  await world.advance(1_000)
  const diedIn = victim.isDead() ? victim.made[dieAt - 1] : undefined
  await world.start()
  await world.advance(60_000)
  return { world, diedIn }
}

async function checkEnd({ world }: { world: ReturnType<typeof createWorld> }): Promise<void> {
  const jobId = sampleId('img', 1)
  const job = await world.read(jobId)
  expect(job).toMatchObject({ state: 'done', parts: [{ state: 'kept' }, { state: 'kept' }] })
  for (const { stored } of job.parts) {
    const blob = await world.blobs.stat(stored?.blobKey ?? '')
    expect(blob?.sha256).toBe(stored?.sha256)
  }
  const facts = await world.factsOf(jobId)
  const times = (type: string) => facts.filter((fact) => fact === type).length
  expect([times('stored'), times('ended'), facts.at(-1)]).toEqual([2, 1, 'ended'])
  expect(world.store.outbox()).toEqual([`image-job-ended ${jobId}`])
  // Nobody but the dead may have drawn in vain, and each part at most once more.
  expect(world.upstream.drawings.length).toBeLessThanOrEqual(4)
  expect(world.pool.held()).toBe(0)
}

describe.each([
  { after: false, moment: 'before' },
  { after: true, moment: 'right after' },
])('a runner that dies $moment a call of its own', ({ after }) => {
  it('at any step loses no job, no picture and no event', async () => {
    const steps: string[] = []
    for (let dieAt = 1; dieAt <= STEPS_MAX; dieAt += 1) {
      const { world, diedIn } = await runWithDeath({ dieAt, after })
      await checkEnd({ world })
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
        'upstream.draw',
      ]),
    )
  })
})

it('a picture that was stored before the death is never drawn again', async () => {
  for (let dieAt = 1; dieAt <= STEPS_MAX; dieAt += 1) {
    const { world, diedIn } = await runWithDeath({ dieAt, after: true })
    if (diedIn === undefined) break
    const job = await world.read(sampleId('img', 1))
    for (const { index, stored, draws } of job.parts) {
      const drawn = world.upstream.drawings.filter((drawing) => drawing.index === index)
      const keptDrawing = drawn.findIndex(({ sha256 }) => sha256 === stored?.sha256)
      expect(drawn.slice(keptDrawing + 1)).toEqual([])
      expect(draws).toBeGreaterThanOrEqual(drawn.length)
    }
  }
})
