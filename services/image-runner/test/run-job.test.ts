import type { ImageJobEvent } from '@sluice/contracts/events'
import { partKey, partialKey } from '@sluice/jobs/blob-keys'
import { sampleId } from '@sluice/jobs/testing/sample-job'
import { AppError } from '@sluice/kernel/app-error'
import { failureOf } from '@sluice/upstreams/failure-treatments'
import { UpstreamError } from '@sluice/upstreams/upstream-error'
import { describe, expect, it } from 'vitest'

import { FACTS } from './scripted-upstream.ts'
import { createFixture } from './fixture.ts'

describe('a job', () => {
  it('is claimed, generated, stored and ended, and its events are published', async () => {
    const fixture = createFixture()
    const credential = fixture.pool.add()
    const published: ImageJobEvent[] = fixture.publishedEvents('image-job-event')
    await fixture.start()
    const jobId = await fixture.submit()
    const job = await fixture.read()
    expect(job).toMatchObject({ state: 'done', attempts: 1, parts: [{ unconfirmedCharges: 0 }] })
    const [generation] = fixture.upstream.generations
    expect(generation).toMatchObject({ prompt: 'prompt 1', secret: 'secret-1' })
    expect(job.parts[0]?.stored).toEqual({
      index: 0,
      blobKey: partKey(jobId, 0),
      bytes: 'picture 1 of prompt 1'.length,
      sha256: generation?.sha256,
      facts: FACTS,
      revisedPrompt: 'revised 1',
      tokens: { inputText: 5, inputImage: 0, output: 100 },
    })
    expect(await fixture.blobs.stat(partKey(jobId, 0))).toMatchObject({
      contentType: 'image/png',
      sha256: generation?.sha256,
    })
    expect(published.map(({ seq, fact }) => [seq, fact.type])).toEqual([
      [2, 'started'],
      [3, 'stored'],
      [4, 'ended'],
    ])
    expect(fixture.store.outbox()).toEqual([`image-job-ended ${jobId}`])
    expect(fixture.pool.outcomes).toEqual([
      {
        credentialId: credential,
        outcome: { kind: 'ok', operation: 'image', model: 'upstream-model' },
      },
    ])
    expect(fixture.pool.held()).toBe(0)
  })

  it('accesses the database twice: to claim it, and to store its picture and end it', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    const requested: string[] = []
    const store = new Proxy(fixture.store, {
      get: (target, method, receiver) => {
        requested.push(String(method))
        return Reflect.get(target, method, receiver)
      },
    })
    await fixture.start({ store })
    await fixture.submit()
    expect((await fixture.read()).state).toBe('done')
    expect(requested).toEqual(['claim', 'write'])
  })

  it('is published to billing once it has ended', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    const ended: string[] = []
    const options = { group: 'billing', inFlightMax: 1, ackWithinMs: 1_000, deliveriesMax: 1 }
    await fixture.bus.consume('image-job-ended', options, async ({ jobId }) => {
      expect((await fixture.read(jobId)).state).toBe('done')
      ended.push(jobId)
    })
    await fixture.start()
    const jobId = await fixture.submit()
    expect(ended).toEqual([jobId])
  })

  it('is generated with the upstream model and settings of its channel, which are read once', async () => {
    const fixture = createFixture()
    fixture.pool.add(8)
    await fixture.start()
    fixture.upstream.does(async ({ upstreamModel, access }) => {
      expect(upstreamModel).toBe('upstream-model')
      expect(access).toMatchObject({
        baseUrl: 'https://upstream.test/v1',
        settings: { colour: 'blue' },
      })
    })
    for (const number of [1, 2, 3]) await fixture.submit({ number })
    expect((await fixture.read(sampleId('img', 3))).state).toBe('done')
    expect(fixture.pool.catalogReads()).toBe(1)
    await fixture.bus.announce('catalog-changed', {})
    await fixture.submit({ number: 4 })
    expect(fixture.pool.catalogReads()).toBe(2)
  })

  it('stores the properties of the generated picture, which may differ from the request', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    await fixture.start()
    fixture.upstream.answers({ format: 'webp', width: 640, quality: 'low' })
    const jobId = await fixture.submit({ request: { format: 'png', size: '1024x1024' } })
    const facts = { ...FACTS, format: 'webp', width: 640, quality: 'low' }
    expect((await fixture.read()).parts[0]?.stored?.facts).toEqual(facts)
    expect((await fixture.blobs.stat(partKey(jobId, 0)))?.contentType).toBe('image/webp')
  })

  it('is run once, however often it is published', async () => {
    const fixture = createFixture({ fault: ({ text }) => [text, text, text] })
    fixture.pool.add(8)
    await fixture.start()
    await fixture.start()
    const jobId = await fixture.submit()
    await fixture.bus.announce('image-job-queued', { jobId, model: 'gpt-image-1' })
    await fixture.settle()
    expect(fixture.upstream.generations).toHaveLength(1)
    expect(await fixture.factsOf()).toEqual(['queued', 'started', 'stored', 'ended'])
  })

  it('reads its input pictures from the blob store', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    await fixture.start()
    const blobKey = 'jobs/x/inputs/0'
    await fixture.blobs.put(blobKey, Buffer.from('a cat'), {
      contentType: 'image/png',
      bytesMax: 9,
    })
    let read = ''
    fixture.upstream.does(async ({ readInput }) => {
      read = Buffer.from(await readInput(blobKey)).toString()
    })
    await fixture.submit()
    expect(read).toBe('a cat')
  })
})

describe('a job of many pictures', () => {
  it('is generated concurrently, with each credential within its limit', async () => {
    const fixture = createFixture()
    fixture.pool.add(1)
    fixture.pool.add(2)
    await fixture.start()
    fixture.upstream.takes(1_000)
    const jobId = await fixture.submit({ request: { count: 7 } })
    expect(fixture.upstream.running()).toBe(3)
    await fixture.advance(3_100)
    expect((await fixture.read()).state).toBe('done')
    expect(fixture.upstream.generations).toHaveLength(7)
    expect(new Set(fixture.upstream.generations.map(({ index }) => index)).size).toBe(7)
    expect(fixture.upstream.maxConcurrent('secret-1')).toBe(1)
    expect(fixture.upstream.maxConcurrent('secret-2')).toBe(2)
    for (let index = 0; index < 7; index += 1) {
      expect(await fixture.blobs.stat(partKey(jobId, index))).toBeDefined()
    }
  })

  it('is done with the generated pictures, and the other parts have their failures', async () => {
    const fixture = createFixture()
    fixture.pool.add(4)
    await fixture.start()
    fixture.upstream.fails('content-refused', ({ index }) => index === 1)
    await fixture.submit({ request: { count: 3 } })
    const job = await fixture.read()
    expect(job).toMatchObject({ state: 'done', failure: null })
    expect(job.parts.map(({ state }) => state)).toEqual(['stored', 'failed', 'stored'])
    expect(job.parts[1]?.failure).toEqual({
      code: 'content_policy_violation',
      message: 'The upstream refused the request for its content.',
    })
  })

  it('generates no more pictures concurrently than the limit of the runner', async () => {
    const fixture = createFixture()
    fixture.pool.add(100)
    await fixture.start({ config: { concurrentGenerationsMax: 3 } })
    fixture.upstream.takes(500)
    for (const number of [1, 2]) await fixture.submit({ number, request: { count: 4 } })
    expect(fixture.upstream.running()).toBe(3)
    await fixture.advance(2_000)
    expect(fixture.upstream.maxConcurrent('secret-1')).toBe(3)
    for (const number of [1, 2]) {
      expect((await fixture.read(sampleId('img', number))).state).toBe('done')
    }
  })
})

describe('partial pictures', () => {
  const partial = (index: number) => ({
    index,
    bytes: Buffer.from(`partial ${index}`),
    facts: FACTS,
  })

  it('are stored and published as they arrive, once each, and no more than requested', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    fixture.pool.add()
    await fixture.start()
    fixture.upstream.does(async ({ onPartial }) => {
      for (const index of [0, 1, 2]) await onPartial?.(partial(index))
      // The second generation sends the same ones again.
      if (fixture.upstream.generations.length === 1)
        throw new UpstreamError(failureOf('answer-cut'))
    })
    const jobId = await fixture.submit({ request: { partialImages: 2 } })
    expect(await fixture.factsOf()).toEqual([
      'queued',
      'started',
      'partial',
      'partial',
      'stored',
      'ended',
    ])
    const bytes = await fixture.blobs.read(partialKey(jobId, 0, 1))
    expect(Buffer.from(bytes ?? []).toString()).toBe('partial 1')
    expect(await fixture.blobs.stat(partialKey(jobId, 0, 2))).toBeUndefined()
  })

  it('do not fail the picture when they cannot be stored', async () => {
    const fixture = createFixture()
    fixture.pool.add()
    const blobs = {
      ...fixture.blobs,
      put: async (...put: Parameters<typeof fixture.blobs.put>) => {
        if (put[0].includes('partials')) throw new AppError('unavailable', 'the disk is full')
        return fixture.blobs.put(...put)
      },
    }
    await fixture.start({ blobs })
    fixture.upstream.does(async ({ onPartial }) => onPartial?.(partial(0)))
    await fixture.submit({ request: { partialImages: 3 } })
    expect(await fixture.factsOf()).toEqual(['queued', 'started', 'stored', 'ended'])
  })
})
