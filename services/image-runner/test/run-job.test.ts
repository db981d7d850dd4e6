import type { ImageJobEvent } from '@sluice/contracts/events'
import { partKey, partialKey } from '@sluice/jobs/blob-keys'
import { sampleId } from '@sluice/jobs/testing/sample-job'
import { AppError } from '@sluice/kernel/app-error'
import { failureOf } from '@sluice/upstreams/failure-treatments'
import { UpstreamError } from '@sluice/upstreams/upstream-error'
import { describe, expect, it } from 'vitest'

import { FACTS } from './scripted-upstream.ts'
import { createWorld } from './world.ts'

describe('a job', () => {
  it('is claimed, drawn, kept and ended, and everybody hears of it', async () => {
    const world = createWorld()
    const credential = world.pool.add()
    const told: ImageJobEvent[] = world.heard('image-job-event')
    await world.start()
    const jobId = await world.submit()
    const job = await world.read()
    expect(job).toMatchObject({ state: 'done', attempts: 1, parts: [{ possibleLosses: 0 }] })
    const [drawing] = world.upstream.drawings
    expect(drawing).toMatchObject({ prompt: 'prompt 1', secret: 'secret-1' })
    expect(job.parts[0]?.stored).toEqual({
      index: 0,
      blobKey: partKey(jobId, 0),
      bytes: 'picture 1 of prompt 1'.length,
      sha256: drawing?.sha256,
      facts: FACTS,
      revisedPrompt: 'revised 1',
      tokens: { inputText: 5, inputImage: 0, output: 100 },
    })
    expect(await world.blobs.stat(partKey(jobId, 0))).toMatchObject({
      contentType: 'image/png',
      sha256: drawing?.sha256,
    })
    expect(told.map(({ seq, fact }) => [seq, fact.type])).toEqual([
      [2, 'started'],
      [3, 'stored'],
      [4, 'ended'],
    ])
    expect(world.store.outbox()).toEqual([`image-job-ended ${jobId}`])
    expect(world.pool.outcomes).toEqual([
      {
        credentialId: credential,
        outcome: { kind: 'ok', operation: 'image', model: 'their-model' },
      },
    ])
    expect(world.pool.held()).toBe(0)
  })

  it('touches the database twice: to claim it, and to keep its picture and end it', async () => {
    const world = createWorld()
    world.pool.add()
    const asked: string[] = []
    const store = new Proxy(world.store, {
      get: (target, verb, receiver) => {
        asked.push(String(verb))
        return Reflect.get(target, verb, receiver)
      },
    })
    await world.start({ store })
    await world.submit()
    expect((await world.read()).state).toBe('done')
    expect(asked).toEqual(['claim', 'write'])
  })

  it('is told to billing once it has ended', async () => {
    const world = createWorld()
    world.pool.add()
    const ended: string[] = []
    const options = { group: 'billing', inFlightMax: 1, ackWithinMs: 1_000, deliveriesMax: 1 }
    await world.bus.consume('image-job-ended', options, async ({ jobId }) => {
      expect((await world.read(jobId)).state).toBe('done')
      ended.push(jobId)
    })
    await world.start()
    const jobId = await world.submit()
    expect(ended).toEqual([jobId])
  })

  it('is drawn by the upstream model and settings of its channel, which are read once', async () => {
    const world = createWorld()
    world.pool.add(8)
    await world.start()
    world.upstream.does(async ({ upstreamModel, access }) => {
      expect(upstreamModel).toBe('their-model')
      expect(access).toMatchObject({
        baseUrl: 'https://upstream.test/v1',
        settings: { colour: 'blue' },
      })
    })
    for (const number of [1, 2, 3]) await world.submit({ number })
    expect((await world.read(sampleId('img', 3))).state).toBe('done')
    expect(world.pool.catalogReads()).toBe(1)
    await world.bus.announce('catalog-changed', {})
    await world.submit({ number: 4 })
    expect(world.pool.catalogReads()).toBe(2)
  })

  it('keeps the picture that came, whatever was asked for, and says what it is', async () => {
    const world = createWorld()
    world.pool.add()
    await world.start()
    world.upstream.answers({ format: 'webp', width: 640, quality: 'low' })
    const jobId = await world.submit({ request: { format: 'png', size: '1024x1024' } })
    const facts = { ...FACTS, format: 'webp', width: 640, quality: 'low' }
    expect((await world.read()).parts[0]?.stored?.facts).toEqual(facts)
    expect((await world.blobs.stat(partKey(jobId, 0)))?.contentType).toBe('image/webp')
  })

  it('is run once, however often it is announced', async () => {
    const world = createWorld({ fault: ({ text }) => [text, text, text] })
    world.pool.add(8)
    await world.start()
    await world.start()
    const jobId = await world.submit()
    await world.bus.announce('image-job-queued', { jobId, model: 'gpt-image-1' })
    await world.settle()
    expect(world.upstream.drawings).toHaveLength(1)
    expect(await world.factsOf()).toEqual(['queued', 'started', 'stored', 'ended'])
  })

  it('reads its input pictures from the blob store', async () => {
    const world = createWorld()
    world.pool.add()
    await world.start()
    const blobKey = 'jobs/x/inputs/0'
    await world.blobs.put(blobKey, Buffer.from('a cat'), { contentType: 'image/png', bytesMax: 9 })
    let read = ''
    world.upstream.does(async ({ readInput }) => {
      read = Buffer.from(await readInput(blobKey)).toString()
    })
    await world.submit()
    expect(read).toBe('a cat')
  })
})

describe('a job of many pictures', () => {
  it('is drawn side by side, each credential within its limit', async () => {
    const world = createWorld()
    world.pool.add(1)
    world.pool.add(2)
    await world.start()
    world.upstream.takes(1_000)
    const jobId = await world.submit({ request: { count: 7 } })
    expect(world.upstream.running()).toBe(3)
    await world.advance(3_100)
    expect((await world.read()).state).toBe('done')
    expect(world.upstream.drawings).toHaveLength(7)
    expect(new Set(world.upstream.drawings.map(({ index }) => index)).size).toBe(7)
    expect(world.upstream.mostAtOnce('secret-1')).toBe(1)
    expect(world.upstream.mostAtOnce('secret-2')).toBe(2)
    for (let index = 0; index < 7; index += 1) {
      expect(await world.blobs.stat(partKey(jobId, index))).toBeDefined()
    }
  })

  it('is done with the pictures that could be drawn, and says why the others could not', async () => {
    const world = createWorld()
    world.pool.add(4)
    await world.start()
    world.upstream.fails('content-refused', ({ index }) => index === 1)
    await world.submit({ request: { count: 3 } })
    const job = await world.read()
    expect(job).toMatchObject({ state: 'done', failure: null })
    expect(job.parts.map(({ state }) => state)).toEqual(['kept', 'failed', 'kept'])
    expect(job.parts[1]?.failure).toEqual({
      code: 'content_policy_violation',
      message: 'The upstream refused the request for its content.',
    })
  })

  it('draws no more at once than this runner may', async () => {
    const world = createWorld()
    world.pool.add(100)
    await world.start({ config: { drawsAtOnceMax: 3 } })
    world.upstream.takes(500)
    for (const number of [1, 2]) await world.submit({ number, request: { count: 4 } })
    expect(world.upstream.running()).toBe(3)
    await world.advance(2_000)
    expect(world.upstream.mostAtOnce('secret-1')).toBe(3)
    for (const number of [1, 2]) {
      expect((await world.read(sampleId('img', number))).state).toBe('done')
    }
  })
})

describe('partial pictures', () => {
  const partial = (index: number) => ({
    index,
    bytes: Buffer.from(`partial ${index}`),
    facts: FACTS,
  })

  it('are stored and told as they come, once each, no more than were asked for', async () => {
    const world = createWorld()
    world.pool.add()
    world.pool.add()
    await world.start()
    world.upstream.does(async ({ onPartial }) => {
      for (const index of [0, 1, 2]) await onPartial?.(partial(index))
      // The second drawing shows the same ones again.
      if (world.upstream.drawings.length === 1) throw new UpstreamError(failureOf('answer-cut'))
    })
    const jobId = await world.submit({ request: { partialImages: 2 } })
    expect(await world.factsOf()).toEqual([
      'queued',
      'started',
      'partial',
      'partial',
      'stored',
      'ended',
    ])
    const bytes = await world.blobs.read(partialKey(jobId, 0, 1))
    expect(Buffer.from(bytes ?? []).toString()).toBe('partial 1')
    expect(await world.blobs.stat(partialKey(jobId, 0, 2))).toBeUndefined()
  })

  it('do not fail the picture when they cannot be stored', async () => {
    const world = createWorld()
    world.pool.add()
    const blobs = {
      ...world.blobs,
      put: async (...put: Parameters<typeof world.blobs.put>) => {
        if (put[0].includes('partials')) throw new AppError('unavailable', 'the disk is full')
        return world.blobs.put(...put)
      },
    }
    await world.start({ blobs })
    world.upstream.does(async ({ onPartial }) => onPartial?.(partial(0)))
    await world.submit({ request: { partialImages: 3 } })
    expect(await world.factsOf()).toEqual(['queued', 'started', 'stored', 'ended'])
  })
})
