import { createMemoryBlobStore } from '@sluice/blobs/memory-blob-store'
import { createMemoryBus } from '@sluice/bus/memory-bus'
import type { ImageRequest } from '@sluice/contracts/image-request'
import type { Dialect } from '@sluice/contracts/scheduler.contract'
import { createEgress } from '@sluice/egress/create-egress'
import { queuedHint } from '@sluice/jobs/hints'
import { createMemoryJobStore } from '@sluice/jobs/memory-job-store'
import { sampleJob } from '@sluice/jobs/testing/sample-job'
import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { createSealer } from '@sluice/sealing/aes-sealer'
import { createMetrics } from '@sluice/service-kit/metrics'
import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { readPictureHeader } from '@sluice/upstreams/picture-header'
import { createUpstreams } from '@sluice/upstreams/registry'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { createImageRunner } from '../src/module.ts'
import { createPool, MODEL } from './pool.ts'

const clock = systemClock
const random = systemRandom

/** A runner over real dialects; only what lies around it is in memory. */
async function setUp(channel: { dialect: Dialect; baseUrl: string; secret?: string }) {
  const log = recordedLog()
  const bus = createMemoryBus({ clock, random })
  const store = createMemoryJobStore()
  const blobs = createMemoryBlobStore({ clock })
  const sealer = createSealer({ keys: [{ keyId: 'k1', key: random.bytes(32) }], random })
  const pool = createPool({ clock, bus, sealer })
  for (const one of pool.catalog.channels) {
    Object.assign(one, { ...channel, settings: {} })
    Object.assign(one.models[0] ?? {}, { upstreamModel: 'gpt-image-2' })
  }
  pool.add(4, channel.secret)
  const egress = createEgress({ clock })
  const metrics = createMetrics({ service: 'image-runner' })
  const upstreams = createUpstreams({ ...egress, clock, random })
  const { scheduler } = pool
  const deps = { store, blobs, bus, scheduler, upstreams, sealer, clock, random, log, metrics }
  const runner = createImageRunner(deps)
  await runner.start()

  const generateImage = async (request: Partial<ImageRequest>) => {
    const now = clock.now()
    const { job } = await store.submit(
      sampleJob({ now, request: { model: MODEL, ...request } }),
      now,
    )
    const ended = new Promise<void>((resolve) => {
      void bus.subscribe('image-job-event', ({ fact }) => {
        if (fact.type === 'ended') resolve()
      })
    })
    await bus.announce('image-job-queued', queuedHint(job))
    await ended
    return store.load(job.id)
  }
  const stop = async () => {
    await runner.stop({ withinMs: 1_000 })
    await egress.close()
  }
  return { generateImage, blobs, stop }
}

describe('a job drawn by the sandbox', () => {
  it('has real pictures of what was asked for', async () => {
    const { generateImage, blobs, stop } = await setUp({ dialect: 'sandbox', baseUrl: 'sandbox:' })
    const job = await generateImage({ count: 2, size: '512x256', format: 'webp', partialImages: 1 })
    expect(job).toMatchObject({ state: 'done' })
    for (const { stored } of job?.parts ?? []) {
      const bytes = await blobs.read(stored?.blobKey ?? '')
      expect(bytes && readPictureHeader(bytes)).toMatchObject({
        format: 'webp',
        width: 512,
        height: 256,
        whole: true,
      })
      expect(stored?.facts).toMatchObject({ format: 'webp', width: 512, height: 256 })
    }
    await stop()
  })
})

describe('a job drawn by the OpenAI dialect', () => {
  let simulator: OpenAiSimulator
  beforeAll(async () => void (simulator = await startOpenAiSimulator()))
  afterAll(() => simulator.close())
  const openai = () =>
    setUp({ dialect: 'openai', baseUrl: `${simulator.url}/v1`, secret: simulator.key })

  it('is a real picture over a real connection, after an answer that failed', async () => {
    simulator.script({ behaviour: { kind: 'status', status: 500, type: 'server_error' } })
    const { generateImage, blobs, stop } = await openai()
    const job = await generateImage({ quality: 'low', size: '1024x1024' })
    expect(job).toMatchObject({ state: 'done', attempts: 1 })
    const stored = job?.parts[0]?.stored
    const bytes = await blobs.read(stored?.blobKey ?? '')
    expect(bytes && readPictureHeader(bytes)).toMatchObject({ format: 'png', width: 1024 })
    expect(stored?.tokens?.output).toBeGreaterThan(0)
    await stop()
  })

  it('is refused in the words of the house', async () => {
    simulator.script({ behaviour: { kind: 'status', status: 400, code: 'moderation_blocked' } })
    const { generateImage, stop } = await openai()
    expect(await generateImage({})).toMatchObject({
      state: 'failed',
      failure: { code: 'content_policy_violation' },
    })
    await stop()
  })
})
