import { gzipSync } from 'node:zlib'

import type { FaultInput } from '@sluice/simulators/openai/fault'
import sharp from 'sharp'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import type { OpenAiFixture } from '../../test/openai-fixture.ts'
import { generateWith, startOpenAiFixture } from '../../test/openai-fixture.ts'
import type { GenerateInput, FailureReason } from '../upstream.ts'

/** Images are read in every form that upstreams send, with one call each. */
let fixture: OpenAiFixture
let picture: Buffer
let b64: string
beforeAll(async () => {
  const create = { width: 60, height: 40, channels: 3, background: '#773311' } as const
  // Noise, so that its base64 contains every character of the alphabet.
  const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const
  picture = await sharp({ create: { ...create, noise } })
    .png()
    .toBuffer()
  b64 = picture.toString('base64')
})
beforeEach(async () => {
  fixture = await startOpenAiFixture()
})
afterEach(() => fixture.close())

const scriptRaw = (
  behaviour: Omit<Extract<NonNullable<FaultInput['behaviour']>, { kind: 'raw' }>, 'kind'>,
) => fixture.simulator.script({ behaviour: { kind: 'raw', ...behaviour } })

const json = { 'content-type': 'application/json' }
const sse = { 'content-type': 'text/event-stream' }
const wrapped = (width: number, lineBreak: string) =>
  (b64.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).join(lineBreak)
const percent = () => [...picture].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
const urlSafe = () => b64.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
const event = (data: unknown, name?: string) =>
  `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`

/** Generates an image from a scripted response body; returns its bytes. */
async function generateImage(
  body: unknown,
  headers: Record<string, string> = json,
  more: Partial<GenerateInput> = {},
) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  scriptRaw({ headers, chunks: [text] })
  const before = fixture.simulator.log().length
  const generated = await generateWith(fixture, { more })
  expect(fixture.simulator.log()).toHaveLength(before + 1)
  return Buffer.from(generated.bytes)
}

describe('a whole answer', () => {
  it.each<[string, () => unknown]>([
    ['a data URL in url', () => ({ data: [{ url: `data:image/png;base64,${b64}` }] })],
    ['of another media type', () => ({ data: [{ url: `data:text/plain;base64,${b64}` }] })],
    ['percent-encoded', () => ({ data: [{ url: `data:image/png,${percent()}` }] })],
    ['in capitals', () => ({ data: [{ url: `DATA:image/png;BASE64,${b64}` }] })],
    ['a data URL in b64_json', () => ({ data: [{ b64_json: `data:image/png;base64,${b64}` }] })],
    ['base64 in lines of 76', () => ({ data: [{ b64_json: wrapped(76, '\r\n') }] })],
    ['base64 with spaces', () => ({ data: [{ b64_json: ` ${wrapped(10, ' ')} ` }] })],
    ['URL-safe base64 without padding', () => ({ data: [{ b64_json: urlSafe() }] })],
    ['base64 in url', () => ({ data: [{ url: b64 }] })],
    [
      'an unreadable b64_json before a url',
      () => ({ data: [{ b64_json: 'none', url: `data:,${percent()}` }] }),
    ],
    ['an empty item before the picture', () => ({ data: [{}, { b64_json: b64 }] })],
    [
      'a broken picture before a whole one',
      () => ({ data: [{ b64_json: 'aGk=' }, { b64_json: b64 }] }),
    ],
    ['more pictures than one', () => ({ data: [{ b64_json: b64 }, { b64_json: 'aGk=' }] })],
    ['a list of texts', () => ({ data: [b64] })],
    ['one picture instead of a list', () => ({ data: { b64_json: b64 } })],
    ['images', () => ({ images: [{ image_url: { url: `data:image/png;base64,${b64}` } }] })],
    ['images as texts', () => ({ images: [b64] })],
    ['image', () => ({ image: b64 })],
    ['output', () => ({ output: [`data:image/png;base64,${b64}`] })],
    ['result', () => ({ result: { image: b64 } })],
    ['result with a list', () => ({ result: { images: [{ base64: b64 }] } })],
    ['artifacts', () => ({ artifacts: [{ base64: b64, finishReason: 'SUCCESS' }] })],
    ['predictions', () => ({ predictions: [{ bytesBase64Encoded: b64 }] })],
    [
      'the Responses API',
      () => ({
        output: [
          { type: 'message', content: [] },
          { type: 'image_generation_call', result: b64 },
        ],
      }),
    ],
    ['the bare picture object', () => ({ b64_json: b64 })],
    ['a bare list', () => [{ b64_json: b64 }]],
    ['error: null beside it', () => ({ error: null, data: [{ b64_json: b64 }] })],
    ['a bare data URL', () => `data:image/png;base64,${b64}`],
    ['bare base64', () => `\n${wrapped(64, '\n')}\n`],
    [
      'white space that kept the connection alive',
      () => ' \n'.repeat(50_000) + JSON.stringify({ data: [{ b64_json: b64 }] }),
    ],
    ['a byte order mark', () => `\uFEFF${JSON.stringify({ data: [{ b64_json: b64 }] })}`],
  ])('gives the picture: %s', async (_name, body) => {
    expect(await generateImage(body())).toEqual(picture)
  })

  it.each<[string, Record<string, string>]>([
    ['none', {}],
    ['text/plain', { 'content-type': 'text/plain' }],
    ['text/event-stream', sse],
    ['image/png', { 'content-type': 'image/png' }],
    ['application/octet-stream', { 'content-type': 'application/octet-stream' }],
  ])('is read by its content, whatever its content type: %s', async (_name, headers) => {
    expect(await generateImage({ data: [{ b64_json: b64 }] }, headers)).toEqual(picture)
  })

  it('may be the image itself', async () => {
    scriptRaw({ chunks: [{ base64: b64.slice(0, 40) }, { base64: b64.slice(40) }] })
    expect(Buffer.from((await generateWith(fixture, {})).bytes)).toEqual(picture)
  })

  it('is decompressed although identity was requested', async () => {
    const packed = gzipSync(JSON.stringify({ data: [{ b64_json: b64 }] })).toString('base64')
    scriptRaw({ headers: { ...json, 'content-encoding': 'gzip' }, chunks: [{ base64: packed }] })
    expect(Buffer.from((await generateWith(fixture, {})).bytes)).toEqual(picture)
    expect(fixture.simulator.log()[0]).toMatchObject({ acceptEncoding: 'identity' })
  })

  it('that decompresses to more than the limit is rejected', async () => {
    const bomb = gzipSync(Buffer.alloc(65 * 1024 * 1024, '{'), { level: 1 }).toString('base64')
    scriptRaw({ headers: { ...json, 'content-encoding': 'gzip' }, chunks: [{ base64: bomb }] })
    await expect(generateWith(fixture, {})).rejects.toMatchObject({
      failure: { reason: 'answer-too-large', mayHaveProduced: true },
    })
  })

  it('with a URL relative to the base URL is fetched there', async () => {
    scriptRaw({ chunks: [JSON.stringify({ data: [{ url: '/files/1.png' }] })] })
    fixture.simulator.script({
      match: { route: 'files' },
      behaviour: {
        kind: 'raw',
        headers: { 'content-type': 'text/html' },
        chunks: [{ base64: b64 }],
      },
    })
    expect(Buffer.from((await generateWith(fixture, {})).bytes)).toEqual(picture)
  })

  it('with a URL is decompressed, and read with any content type', async () => {
    const url = `${fixture.simulator.url}/files/1.png`
    scriptRaw({ chunks: [JSON.stringify({ data: [{ b64_json: null, url }] })] })
    const headers = { 'content-encoding': 'gzip' }
    const base64 = gzipSync(picture).toString('base64')
    fixture.simulator.script({
      match: { route: 'files' },
      behaviour: { kind: 'raw', headers, chunks: [{ base64 }] },
    })
    expect(Buffer.from((await generateWith(fixture, {})).bytes)).toEqual(picture)
  })
})

describe('an error in a 200', () => {
  it.each<[string, unknown, FailureReason, string]>([
    [
      'moderation',
      { error: { code: 'moderation_blocked', message: 'no' } },
      'content-refused',
      'caller-bad',
    ],
    [
      'beside an empty list',
      { data: [], error: { code: 'moderation_blocked' } },
      'content-refused',
      'caller-bad',
    ],
    [
      'a failure of the server',
      { error: { type: 'server_error', message: 'no' } },
      'server-error',
      'retry-elsewhere',
    ],
    ['as text', { error: 'the model is on fire' }, 'server-error', 'retry-elsewhere'],
  ])('is a failure without a charge: %s', async (_name, body, reason, failureClass) => {
    await expect(generateImage(body)).rejects.toMatchObject({
      failure: { reason, failureClass, mayHaveProduced: false },
    })
  })

  it('does not contain the secret', async () => {
    const message = `content_filter: key ${fixture.simulator.key} refused`
    const failed = await generateImage({ error: { code: 'moderation_blocked', message } }).catch(
      String,
    )
    expect(failed).not.toContain(fixture.simulator.key)
  })
})

describe('a streamed answer', () => {
  const completed = () => ({ type: 'image_generation.completed', b64_json: b64 })
  it.each<[string, () => string]>([
    ['of OpenAI', () => event(completed(), 'image_generation.completed')],
    ['without event names', () => event(completed())],
    ['without types', () => event({ b64_json: b64 }, 'image_generation.completed')],
    ['without either', () => event({ b64_json: b64 })],
    ['of an edit', () => event({ ...completed(), type: 'image_edit.completed' })],
    ['of another name', () => event({ ...completed(), type: 'image.generated' })],
    ['that does not end its last event', () => event(completed()).trimEnd()],
    ['with the data before the name', () => `data: ${JSON.stringify(completed())}\nevent: x\n\n`],
    ['with bare carriage returns', () => event(completed()).replaceAll('\n', '\r')],
    ['with comments and words before it', () => `: hello\n\ndata: ping\n\n${event(completed())}`],
    [
      'with a status event before it',
      () => event({ type: 'image_generation.in_progress' }) + event(completed()),
    ],
    ['with error: null', () => event({ ...completed(), error: null })],
    ['with a whole answer in one event', () => event({ created: 1, data: [{ b64_json: b64 }] })],
    ['with a data URL', () => event({ data: [{ url: `data:image/png;base64,${b64}` }] })],
    [
      'with a broken picture before a whole one',
      () => event({ ...completed(), b64_json: 'aGk=' }) + event(completed()),
    ],
    [
      'of the Responses API',
      () =>
        event({ type: 'response.image_generation_call.completed', item_id: 'x' }) +
        event({
          type: 'response.output_item.done',
          item: { type: 'image_generation_call', result: b64 },
        }),
    ],
    [
      'of the Responses API, at its end only',
      () =>
        event({
          type: 'response.completed',
          response: { output: [{ type: 'image_generation_call', result: b64 }] },
        }),
    ],
  ])('gives the picture: %s', async (_name, body) => {
    expect(await generateImage(body(), sse)).toEqual(picture)
    expect(await generateImage(body(), {})).toEqual(picture)
  })

  it('accepts partial images with every event name, and none of them as the final one', async () => {
    const partials: number[] = []
    const onPartial: GenerateInput['onPartial'] = async ({ index }) => void partials.push(index)
    const body =
      event({ partial_image_index: 0, b64_json: b64 }) +
      event({ type: 'response.image_generation_call.partial_image', partial_image_b64: b64 }) +
      event({ data: [{ b64_json: b64 }] })
    scriptRaw({ headers: {}, chunks: [body] })
    const generated = await generateWith(fixture, {
      request: { partialImages: 2 },
      more: { onPartial },
    })
    expect(Buffer.from(generated.bytes)).toEqual(picture)
    expect(partials).toEqual([0, 1])
  })

  it.each<[string, () => string, FailureReason]>([
    ['without an image', () => event({ type: 'image_generation.in_progress' }), 'answer-broken'],
    ['with an invalid image', () => event({ ...completed(), b64_json: 'aGk=' }), 'answer-broken'],
  ])('%s is a failure', async (_name, body, reason) => {
    await expect(generateImage(body(), sse)).rejects.toMatchObject({
      failure: { reason, mayHaveProduced: true },
    })
  })
})
