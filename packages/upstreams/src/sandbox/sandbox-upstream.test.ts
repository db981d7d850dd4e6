import { sampleImageRequest } from '@sluice/contracts/testing/sample-image-request'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { systemClock } from '@sluice/kernel/clock'
import { seededRandom } from '@sluice/kernel/random'

import sharp from 'sharp'
import { describe, expect, it, vi } from 'vitest'

import type { GenerateInput } from '../upstream.ts'
import { upstreamContract } from '../upstream.contract.ts'
import type { SandboxFailure } from '@sluice/contracts/channel-settings'
import { sandboxFailures } from '@sluice/contracts/channel-settings'
import { createSandboxUpstream } from './sandbox-upstream.ts'

// A generous limit for busy machines; polling ends as soon as the condition holds.
const waitLimit = { timeout: 4_000 }

describe('the sandbox as an upstream', () => {
  upstreamContract({
    faults: sandboxFailures,
    start: async () => {
      let settings: Record<string, unknown> = {}
      // The sandbox awaits only its clock, so the open calls are the pending sleeps.
      let sleepers = 0
      const time = fakeClock()
      const clock = {
        ...time,
        sleep: async (ms: number, signal?: AbortSignal) => {
          sleepers += 1
          await time.sleep(ms, signal).finally(() => (sleepers -= 1))
        },
      }
      return {
        upstream: createSandboxUpstream({ clock, random: seededRandom(1) }),
        access: () => ({ baseUrl: 'sandbox:', secret: 'no-secret', settings }),
        upstreamModel: 'sandbox-image',
        arrange: (fault) => {
          settings = { failureRate: 1, failWith: known(fault), retryAfterMs: 7_000 }
        },
        underway: () => vi.waitUntil(() => sleepers === 1, waitLimit),
        openCalls: async () => sleepers,
        close: async () => {},
      }
    },
  })
})

function known(fault: string): SandboxFailure {
  const found = sandboxFailures.find((one) => one === fault)
  if (!found) throw new Error(`the sandbox cannot fail with ${fault}`)
  return found
}

const random = seededRandom(1)

function composePicture(
  input: Omit<Partial<GenerateInput>, 'request'> & {
    request?: Partial<GenerateInput['request']>
  } = {},
  clock = systemClock,
) {
  const upstream = createSandboxUpstream({ clock, random })
  const { request, ...more } = input
  const call: GenerateInput = {
    access: { baseUrl: '', secret: '', settings: {} },
    upstreamModel: 'sandbox-image',
    index: 0,
    readInput: async () => Buffer.from('<html>'),
    signal: new AbortController().signal,
    ...more,
    request: { ...plain, ...request },
  }
  return (
    upstream.generateImage?.(call) ??
    Promise.reject(new Error('the sandbox does not generate images'))
  )
}

const plain = sampleImageRequest({
  prompt: 'a fox in the snow',
  size: '320x256',
  quality: 'medium',
})

const settings = (settings: Record<string, unknown>) => ({
  access: { baseUrl: '', secret: '', settings },
})

describe('a sandbox picture', () => {
  it('has the same bytes for the same request, and different ones for another index or prompt', async () => {
    const [first, again, other, prompted] = await Promise.all([
      composePicture(),
      composePicture(),
      composePicture({ index: 1 }),
      composePicture({ request: { prompt: 'a fox in the rain' } }),
    ])
    expect(again.bytes).toEqual(first.bytes)
    expect(other.bytes).not.toEqual(first.bytes)
    expect(prompted.bytes).not.toEqual(first.bytes)
  })

  it('has more detail with higher quality', async () => {
    const sizes: number[] = []
    for (const quality of ['low', 'medium', 'high', 'max'] as const) {
      sizes.push((await composePicture({ request: { quality } })).bytes.byteLength)
    }
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b))
  })

  it('is smaller with stronger compression', async () => {
    const [fine, coarse] = await Promise.all(
      [95, 10].map((compression) => composePicture({ request: { format: 'jpeg', compression } })),
    )
    expect(coarse?.bytes.byteLength).toBeLessThan((fine?.bytes.byteLength ?? 0) / 2)
  })

  it('gets finer with each partial picture', async () => {
    const errors: number[] = []
    const partials: Uint8Array[] = []
    const onPartial: GenerateInput['onPartial'] = async ({ bytes }) => void partials.push(bytes)
    const { bytes } = await composePicture({ request: { partialImages: 3 }, onPartial })
    for (const partial of partials) errors.push(await distance(partial, bytes))
    expect(errors).toHaveLength(3)
    expect(errors).toEqual(errors.toSorted((a, b) => b - a))
    expect(errors.at(-1)).toBeGreaterThan(0)
  })

  it('tints an edit only where the mask is transparent', async () => {
    const side = (x: number) => `<rect x="${x}" width="160" height="256" fill="#000"/>`
    const svg = (body: string) =>
      sharp(
        Buffer.from(
          `<svg xmlns="http://www.w3.org/2000/svg" width="320" height="256">${body}</svg>`,
        ),
      )
        .png()
        .toBuffer()
    const blobs: Record<string, Promise<Buffer>> = {
      first: svg('<rect width="320" height="256" fill="#ffffff"/>'),
      mask: svg(side(0)),
    }
    const image = (blobKey: string) =>
      ({ blobKey, contentType: 'image/png', bytes: 1, name: '' }) as const
    const { bytes } = await composePicture({
      request: { kind: 'edit', images: [image('first')], mask: image('mask') },
      readInput: async (key) => (await blobs[key]) ?? Buffer.of(),
    })
    // Away from the captions in the upper left and lower left.
    const half = async (left: number) => (await sharp(await cropped(bytes, left)).stats()).channels
    const untouched = await half(5)
    const tinted = await half(165)
    expect(untouched.slice(0, 3).map(({ min }) => min)).toEqual([255, 255, 255])
    expect(Math.min(...tinted.slice(0, 3).map(({ min }) => min))).toBeLessThan(250)
  })

  it.each<[string, Partial<GenerateInput['request']>, string]>([
    ['a transparent jpeg', { background: 'transparent', format: 'jpeg' }, 'unsupported_parameter'],
    ['a picture beyond its size', { size: '9999x9999' }, 'unsupported_parameter'],
    ['a picture that is too narrow', { size: '1024x10' }, 'unsupported_parameter'],
  ])('rejects %s', async (_name, request, code) => {
    await expect(composePicture({ request })).rejects.toMatchObject({
      failure: { failureClass: 'caller-bad', code, mayHaveProduced: false },
    })
  })

  it('rejects an edit of something that is not an image', async () => {
    const images = [{ blobKey: 'a', contentType: 'image/png', bytes: 1, name: '' } as const]
    await expect(composePicture({ request: { kind: 'edit', images } })).rejects.toMatchObject({
      failure: { code: 'invalid_image' },
    })
  })

  it('takes the latency configured in the channel', async () => {
    const clock = fakeClock()
    let done = false
    const picture = composePicture(settings({ latencyMs: 5_000 }), clock).then(() => (done = true))
    await clock.advance(4_999)
    expect(done).toBe(false)
    await clock.advance(1)
    expect(await picture).toBe(true)
  })

  it('fails with the rate configured in the channel', async () => {
    let failed = 0
    for (let turn = 0; turn < 60; turn += 1) {
      const request = { size: '16x16', quality: 'low' } as const
      await composePicture({ ...settings({ failureRate: 0.5 }), request }).catch(
        () => (failed += 1),
      )
    }
    expect(failed).toBeGreaterThan(15)
    expect(failed).toBeLessThan(45)
  })

  it('reports invalid settings as a misconfigured channel', async () => {
    await expect(composePicture(settings({ latencyMs: 'long' }))).rejects.toMatchObject({
      failure: { reason: 'misconfigured', mayHaveProduced: false },
    })
  })
})

// sharp computes statistics of an encoded image only.
function cropped(bytes: Uint8Array, left: number): Promise<Buffer> {
  return sharp(bytes).extract({ left, top: 100, width: 150, height: 60 }).png().toBuffer()
}

async function distance(one: Uint8Array, other: Uint8Array): Promise<number> {
  const [a, b] = await Promise.all(
    [one, other].map((bytes) => sharp(bytes).removeAlpha().raw().toBuffer()),
  )
  let sum = 0
  a?.forEach((value, at) => (sum += Math.abs(value - (b?.[at] ?? 0))))
  return sum
}
