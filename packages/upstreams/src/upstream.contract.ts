import type { ImageRequest, InputImage } from '@sluice/contracts/image-request'
import { sampleImageRequest } from '@sluice/contracts/testing/sample-image-request'

import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { readPictureHeader } from './picture-header.ts'
import type { GenerateInput, FailureReason, Upstream, UpstreamAccess } from './upstream.ts'
import { isUpstreamError } from './upstream-error.ts'

// A generous limit for busy machines; polling ends as soon as the condition holds.
const waitLimit = { timeout: 4_000 }

/** Failures that a fixture can cause; `silence` never responds. */
export type Fault = Exclude<FailureReason, 'aborted'> | 'silence'

/** A dialect with its upstream, started for each test. */
export interface UpstreamFixture {
  upstream: Upstream
  /** Read for each call, since a fault may change it. */
  access(): UpstreamAccess
  upstreamModel: string
  /** Makes the next call fail with this fault. */
  arrange(fault: Fault): void
  /** Resolves once the call waits for the upstream. */
  underway(): Promise<unknown>
  /** The number of calls that the upstream still processes. */
  openCalls(): Promise<number>
  close(): Promise<void>
}

export interface UpstreamSuite {
  start: () => Promise<UpstreamFixture>
  faults: readonly Fault[]
}

/** Class, code and charge of each failure, the same for every dialect. */
const expected: Record<Fault, { failureClass: string; code: string; mayHaveProduced: boolean }> = {
  'answer-broken': row('retry-elsewhere', 'upstream_failed', true),
  'answer-cut': row('retry-elsewhere', 'upstream_failed', true),
  'answer-empty': row('retry-elsewhere', 'upstream_failed', true),
  'answer-too-large': row('retry-elsewhere', 'upstream_failed', true),
  'bad-request': row('caller-bad', 'upstream_rejected', false),
  banned: row('credential-bad', 'upstream_failed', false),
  'connect-failed': row('retry-elsewhere', 'upstream_failed', false),
  'connection-lost': row('retry-elsewhere', 'upstream_failed', true),
  'content-refused': row('caller-bad', 'content_policy_violation', false),
  'context-too-long': row('caller-bad', 'context_length_exceeded', false),
  'image-refused': row('caller-bad', 'invalid_image', false),
  misconfigured: row('retry-elsewhere', 'upstream_failed', false),
  'model-unknown': row('retry-elsewhere', 'model_not_found', false),
  'not-started': row('retry-here', 'upstream_failed', false),
  overloaded: row('retry-elsewhere', 'overloaded', false),
  'permission-missing': row('credential-bad', 'upstream_failed', false),
  'quota-spent': row('credential-limited', 'overloaded', false),
  'rate-limited': row('credential-limited', 'overloaded', false),
  'region-refused': row('retry-elsewhere', 'upstream_rejected', false),
  'request-refused': row('caller-bad', 'upstream_rejected', false),
  'server-error': row('retry-elsewhere', 'upstream_failed', false),
  silence: row('fatal', 'upstream_timeout', true),
  timeout: row('retry-elsewhere', 'upstream_timeout', true),
  'tls-failed': row('retry-elsewhere', 'upstream_failed', false),
  unauthorised: row('credential-bad', 'upstream_failed', false),
  'unauthorised-unclear': row('credential-bad', 'upstream_failed', false),
  unsupported: row('caller-bad', 'unsupported_parameter', false),
}

function row(failureClass: string, code: string, mayHaveProduced: boolean) {
  return { failureClass, code, mayHaveProduced }
}

const plain = sampleImageRequest({ model: 'public-name', size: '256x192', quality: 'low' })

/** The tests of every dialect that generates images. */
export function upstreamContract({ start, faults }: UpstreamSuite): void {
  let fixture: UpstreamFixture
  beforeEach(async () => {
    fixture = await start()
  })
  afterEach(() => fixture.close())

  const generateImage = (
    request: Partial<ImageRequest> = {},
    more: Partial<GenerateInput> = {},
  ) => {
    const { upstream, upstreamModel } = fixture
    if (!upstream.generateImage) throw new Error('the dialect does not generate images')
    return upstream.generateImage({
      access: fixture.access(),
      request: { ...plain, ...request },
      upstreamModel,
      index: 0,
      readInput: readInputOf,
      signal: new AbortController().signal,
      ...more,
    })
  }

  describe('a picture', () => {
    it.each(['png', 'jpeg', 'webp'] as const)('is a %s of the requested size', async (format) => {
      const picture = await generateImage({ format })
      const seen = await sharp(picture.bytes).metadata()
      expect([seen.format, seen.width, seen.height]).toEqual([format, 256, 192])
      expect(picture.contentType).toBe(`image/${format}`)
      expect(picture.facts).toEqual({
        width: 256,
        height: 192,
        format,
        quality: 'low',
        background: 'opaque',
      })
    })

    it('is transparent when requested, and its facts match its bytes', async () => {
      const { bytes, facts } = await generateImage({ background: 'transparent', format: 'webp' })
      expect(facts.background).toBe('transparent')
      expect((await sharp(bytes).stats()).isOpaque).toBe(false)
    })

    it('has effective facts for automatic parameters', async () => {
      const { bytes, facts } = await generateImage({
        size: 'auto',
        quality: 'auto',
        background: 'auto',
      })
      const { width, height, format } = facts
      expect(readPictureHeader(bytes)).toMatchObject({ width, height, format, whole: true })
      expect(['low', 'medium', 'high']).toContain(facts.quality)
    })

    it('has token usage', async () => {
      const { tokens } = await generateImage()
      expect(tokens?.inputText).toBeGreaterThan(0)
      expect(tokens?.output).toBeGreaterThan(0)
    })

    it('can be an edit of several pictures with a mask', async () => {
      const images = [input('first'), input('second')]
      const picture = await generateImage({ kind: 'edit', images, mask: input('mask') })
      expect(picture.facts).toMatchObject({ width: 256, height: 192 })
      expect(picture.tokens?.inputImage).toBeGreaterThan(0)
    })

    it('can be an edit of one picture', async () => {
      const picture = await generateImage({ kind: 'edit', images: [input('first')] })
      expect(picture.facts).toMatchObject({ width: 256, height: 192 })
    })
  })

  describe('partial pictures', () => {
    it('arrive in order, each a valid image, before the final one', async () => {
      const seen: { index: number; width: number }[] = []
      const onPartial: GenerateInput['onPartial'] = async ({ index, bytes, facts }) => {
        const { width = 0, height } = await sharp(bytes).metadata()
        expect(facts).toMatchObject({ width, height })
        seen.push({ index, width })
      }
      const picture = await generateImage({ partialImages: 2 }, { onPartial })
      expect(seen).toEqual([0, 1].map((index) => ({ index, width: 256 })))
      expect(picture.facts.width).toBe(256)
    })

    it('do not arrive unless requested', async () => {
      let partials = 0
      await generateImage({}, { onPartial: async () => void (partials += 1) })
      expect(partials).toBe(0)
    })

    it('pass on an error of their receiver unchanged, and release the call', async () => {
      const full = new Error('disk full')
      const onPartial = () => Promise.reject(full)
      await expect(generateImage({ partialImages: 2 }, { onPartial })).rejects.toBe(full)
      await expect.poll(() => fixture.openCalls(), waitLimit).toBe(0)
    })
  })

  it('passes on an error of the input reader unchanged', async () => {
    const missing = new Error('blob missing')
    const readInput = () => Promise.reject(missing)
    const call = generateImage({ kind: 'edit', images: [input('first')] }, { readInput })
    await expect(call).rejects.toBe(missing)
  })

  describe('an aborted call', () => {
    it('ends at once with the reason of its signal, and releases its resources', async () => {
      fixture.arrange('silence')
      const controller = new AbortController()
      const reason = new Error('deadline')
      const call = generateImage({}, { signal: controller.signal })
      const ended = call.catch((error: unknown) => error)
      await fixture.underway()
      controller.abort(reason)
      const error = await ended
      expect(error).toMatchObject({ failure: { reason: 'aborted', failureClass: 'fatal' } })
      expect(error).toMatchObject({ cause: reason })
      await expect.poll(() => fixture.openCalls(), waitLimit).toBe(0)
    })

    it('is not sent when its signal has aborted before', async () => {
      const signal = AbortSignal.abort(new Error('too late'))
      await expect(generateImage({}, { signal })).rejects.toMatchObject({
        failure: { reason: 'aborted', mayHaveProduced: false },
      })
      expect(await fixture.openCalls()).toBe(0)
    })
  })

  describe('a failure', () => {
    const classifiable = faults.filter((fault) => fault !== 'silence')
    it.each(classifiable)('is classified: %s', async (fault) => {
      fixture.arrange(fault)
      const error: unknown = await generateImage().catch((error: unknown) => error)
      expect(isUpstreamError(error)).toBe(true)
      expect(error).toMatchObject({ failure: { reason: fault, ...expected[fault] } })
      expect(String(error)).not.toContain(fixture.access().secret)
      await expect.poll(() => fixture.openCalls(), waitLimit).toBe(0)
    })

    it('of a rate limit has its retry delay', async () => {
      fixture.arrange('rate-limited')
      await expect(generateImage()).rejects.toMatchObject({ failure: { retryAfterMs: 7_000 } })
    })
  })

  it('lists models', async () => {
    const { signal } = new AbortController()
    const names = await fixture.upstream.listModels?.({ access: fixture.access(), signal })
    expect(names).toContain(fixture.upstreamModel)
  })
}

function input(blobKey: string): InputImage {
  return { blobKey, contentType: 'image/png', bytes: 1, name: blobKey }
}

async function readInputOf(blobKey: string): Promise<Uint8Array> {
  const alpha = blobKey === 'mask' ? 0 : 1
  const background = { r: 200, g: 80, b: 40, alpha }
  return await sharp({ create: { width: 64, height: 48, channels: 4, background } })
    .png()
    .toBuffer()
}
