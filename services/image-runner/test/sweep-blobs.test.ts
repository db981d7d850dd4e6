import { inputKey, partialKey, partKey } from '@sluice/jobs/blob-keys'
import { sampleId } from '@sluice/jobs/testing/sample-job'
import { describe, expect, it } from 'vitest'

import { FACTS } from './scripted-upstream.ts'
import { createFixture } from './fixture.ts'

const HOUR_MS = 3_600_000
const PNG = { contentType: 'image/png', bytesMax: 1_000 }

async function setUp() {
  const fixture = createFixture()
  fixture.pool.add(4)
  await fixture.start({ config: { sweepEveryMs: HOUR_MS, heartbeatMs: HOUR_MS } })
  const blobsOf = async (jobId: string) => {
    const keys: string[] = []
    for await (const { key } of fixture.blobs.walk(`jobs/${jobId}/`)) keys.push(key)
    return keys.sort()
  }
  /** Advances the clock by hours, with the timers of the background tasks. */
  const hours = async (count: number) => {
    await fixture.clock.advance(count * HOUR_MS)
    await fixture.settle()
    await fixture.advance(61_000)
  }
  return { fixture, blobsOf, hours }
}

describe('blobs of an ended job', () => {
  it('are removed: partial pictures after an hour, inputs after a day, stored pictures never', async () => {
    const { fixture, blobsOf, hours } = await setUp()
    const jobId = sampleId('img', 1)
    const input = inputKey(jobId, '0')
    const bytes = Buffer.from('x')
    await fixture.blobs.put(input, bytes, PNG)
    fixture.upstream.does(async ({ onPartial }) => onPartial?.({ index: 0, bytes, facts: FACTS }))
    const images = [{ blobKey: input, contentType: 'image/png', bytes: 1, name: 'a.png' } as const]
    await fixture.submit({ request: { kind: 'edit', images, partialImages: 1 } })
    const [part, partial] = [partKey(jobId, 0), partialKey(jobId, 0, 0)]
    expect(await blobsOf(jobId)).toEqual([input, partial, part].sort())
    await hours(0.5)
    expect(await blobsOf(jobId)).toHaveLength(3)
    await hours(0.6)
    expect(await blobsOf(jobId)).toEqual([input, part])
    await hours(23)
    expect(await blobsOf(jobId)).toEqual([part])
    await hours(50)
    expect(await blobsOf(jobId)).toEqual([part])
  })

  it('that belong to no stored part are removed after a day', async () => {
    const { fixture, blobsOf, hours } = await setUp()
    const jobId = sampleId('img', 1)
    fixture.upstream.fails('content-refused', ({ index }) => index === 1)
    await fixture.submit({ request: { count: 2 } })
    await fixture.blobs.put(partKey(jobId, 1), Buffer.from('from a stale runner'), PNG)
    await hours(25)
    expect(await blobsOf(jobId)).toEqual([partKey(jobId, 0)])
  })
})

describe('blobs of a job that does not exist', () => {
  it('are removed after a day, and those of an existing job are not', async () => {
    const { fixture, blobsOf, hours } = await setUp()
    const [orphan, existing] = [sampleId('img', 7), sampleId('img', 8)]
    fixture.pool.setUnavailable(true)
    await fixture.write({ number: 8, lastsMs: 1_000 * HOUR_MS })
    for (const jobId of [orphan, existing]) {
      await fixture.blobs.put(inputKey(jobId, '0'), Buffer.from('x'), PNG)
    }
    await hours(23)
    expect(await blobsOf(orphan)).toHaveLength(1)
    await hours(8)
    expect(await blobsOf(orphan)).toEqual([])
    expect(await blobsOf(existing)).toHaveLength(1)
  })
})
