import type { ImageRequest } from '@sluice/contracts/image-request'
import type { FaultInput } from '@sluice/simulators/openai/fault'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { GenerateInput, FailureReason } from '../upstream.ts'
import type { OpenAiFixture } from '../../test/openai-fixture.ts'
import { generateWith, startOpenAiFixture } from '../../test/openai-fixture.ts'

/** The requests on the wire, and the handling of valid and invalid responses. */

let fixture: OpenAiFixture
beforeEach(async () => {
  fixture = await startOpenAiFixture()
})
afterEach(() => fixture.close())

type Behaviour = NonNullable<FaultInput['behaviour']>

const generateImage = (request: Partial<ImageRequest> = {}, more: Partial<GenerateInput> = {}) =>
  generateWith(fixture, { request, more })

const input = (blobKey: string) =>
  ({ blobKey, contentType: 'image/png', bytes: 1, name: 'caller.png' }) as const

describe('a call', () => {
  it('requests one image of a generation as JSON', async () => {
    await generateImage()
    expect(fixture.simulator.log()).toMatchObject([
      {
        route: 'images.generations',
        model: 'gpt-image-2',
        prompt: 'a fox',
        stream: false,
        parts: [],
      },
    ])
  })

  it('sends an edit as a form, one image as `image`, several as `image[]`, the mask last', async () => {
    await generateImage({ kind: 'edit', images: [input('a')], mask: input('m') })
    await generateImage({
      kind: 'edit',
      images: [input('a'), input('b')],
      extra: { complexity: 'low' },
    })
    const [one, several] = fixture.simulator.log()
    expect(one?.parts.slice(-2)).toEqual(['image', 'mask'])
    expect(several?.parts.slice(-2)).toEqual(['image[]', 'image[]'])
    expect(several?.parts).toContain('complexity')
  })

  it('streams only when partial images are requested and the model supports them', async () => {
    const onPartial = async () => {}
    await generateImage({ partialImages: 2 })
    await generateImage({ partialImages: 2 }, { onPartial })
    await generateImage({ partialImages: 2 }, { onPartial, upstreamModel: 'paint-compatible' })
    const access = { ...fixture.access, settings: { streamImages: false } }
    await generateImage({ partialImages: 2 }, { onPartial, access })
    expect(fixture.simulator.log().map(({ stream }) => stream)).toEqual([false, true, false, false])
  })

  it("uses the base URL and only the operator's organisation", () => {
    const { upstream } = fixture
    const baseUrl = 'https://gateway.example/openai/v1/?api-version=3'
    const settings = { organization: 'org-ours' }
    const call = upstream.chatCall?.({ baseUrl, secret: 'key', settings })
    expect(call).toEqual({
      origin: 'https://gateway.example',
      path: '/openai/v1/chat/completions?api-version=3',
      method: 'POST',
      headers: {
        authorization: 'Bearer key',
        'accept-encoding': 'identity',
        'openai-organization': 'org-ours',
        'content-type': 'application/json',
      },
    })
    const none = upstream.chatCall?.({ baseUrl, secret: 'key', settings: {} })
    expect(Object.keys(none?.headers ?? {})).toEqual([
      'authorization',
      'accept-encoding',
      'content-type',
    ])
  })

  it('for chat is accepted by the upstream', async () => {
    const { origin, path, method, headers } = fixture.upstream.chatCall?.(fixture.access) ?? {
      origin: '',
      path: '',
      method: 'POST',
      headers: {},
    }
    const body = JSON.stringify({
      model: 'gpt-5-mini',
      messages: [{ role: 'user', content: 'hi' }],
    })
    const answer = await fixture.egress.dispatcher.request({ origin, path, method, headers, body })
    expect(await answer.body.json()).toMatchObject({ object: 'chat.completion' })
  })

  it.each([
    ['an invalid base URL', { baseUrl: 'not a url' }],
    ['a header with a line break', { settings: { organization: 'a\r\nx-evil: 1' } }],
  ])('is not made for %s', async (_name, wrong) => {
    await expect(
      generateImage({}, { access: { ...fixture.access, ...wrong } }),
    ).rejects.toMatchObject({
      failure: { reason: 'misconfigured', mayHaveProduced: false },
    })
    expect(fixture.simulator.log()).toEqual([])
  })
})

describe('a response', () => {
  it('with a URL is fetched without the key', async () => {
    const { bytes, facts } = await generateImage({}, { upstreamModel: 'paint-compatible' })
    expect(bytes.byteLength).toBeGreaterThan(0)
    expect(facts).toMatchObject({ width: 64, height: 48 })
    fixture.simulator.script({ behaviour: { kind: 'picture', variant: 'url' } })
    await generateImage()
    expect(fixture.simulator.log().at(-1)).toMatchObject({ route: 'files', keyHash: null })
  })

  it('with more images than requested is reduced to the first', async () => {
    fixture.simulator.script({ behaviour: { kind: 'picture', variant: 'too-many' } })
    expect((await generateImage()).facts.width).toBe(64)
  })

  it.each(['wrong-facts', 'no-facts'] as const)(
    'with %s has the facts of its bytes',
    async (variant) => {
      fixture.simulator.script({ behaviour: { kind: 'picture', variant } })
      expect((await generateImage()).facts).toEqual({
        width: 64,
        height: 48,
        format: 'png',
        quality: 'high',
        background: 'opaque',
      })
    },
  )

  it.each([[{ input_tokens: -5, output_tokens: 1 }], [{ output_tokens: '9' }], ['lots'], [null]])(
    'whose usage is %j has none',
    async (usage) => {
      fixture.simulator.script({ behaviour: { kind: 'usage', usage } })
      expect((await generateImage()).tokens).toBeNull()
    },
  )

  it('that arrives in small pieces is complete', async () => {
    fixture.simulator.script({ behaviour: { kind: 'drip', bytes: 64, everyMs: 1 } })
    expect((await generateImage()).facts.width).toBe(64)
  })

  const json = { 'content-type': 'application/json' }
  const broken: [string, Behaviour, FailureReason, boolean][] = [
    ['bad base64', { kind: 'picture', variant: 'bad-base64' }, 'answer-broken', true],
    ['no bytes', { kind: 'picture', variant: 'zero-bytes' }, 'answer-empty', true],
    ['HTML as base64', { kind: 'picture', variant: 'not-a-picture' }, 'answer-broken', true],
    ['half a picture', { kind: 'picture', variant: 'truncated' }, 'answer-broken', true],
    ['no picture', { kind: 'picture', variant: 'none' }, 'answer-empty', true],
    ['a web page', { kind: 'html' }, 'answer-broken', true],
    [
      'JSON of an unknown form',
      { kind: 'status', status: 200, body: { ok: true } },
      'answer-broken',
      true,
    ],
    ['204', { kind: 'status', status: 204, body: '' }, 'answer-empty', true],
    [
      'an unknown encoding',
      { kind: 'status', status: 200, headers: { ...json, 'content-encoding': 'lzma' }, body: 'x' },
      'answer-broken',
      true,
    ],
    [
      'damaged brotli',
      { kind: 'status', status: 200, headers: { ...json, 'content-encoding': 'br' }, body: 'x' },
      'answer-broken',
      true,
    ],
    [
      'a redirect',
      { kind: 'status', status: 307, headers: { location: 'http://127.0.0.1:1/' }, body: '' },
      'misconfigured',
      false,
    ],
    ['a reset in the body', { kind: 'reset', afterBytes: 10 }, 'answer-cut', true],
    ['no body', { kind: 'cut', afterBytes: 0 }, 'answer-cut', true],
    [
      '502 from a proxy',
      { kind: 'status', status: 502, body: '<html></html>' },
      'server-error',
      true,
    ],
    ['529', { kind: 'status', status: 529 }, 'overloaded', false],
    ['418', { kind: 'status', status: 418 }, 'bad-request', false],
    ['422', { kind: 'status', status: 422 }, 'bad-request', false],
    ['402', { kind: 'status', status: 402 }, 'quota-spent', false],
  ]
  it.each(broken)('of %s is a failure', async (_name, behaviour, reason, mayHaveProduced) => {
    fixture.simulator.script({ behaviour })
    await expect(generateImage()).rejects.toMatchObject({ failure: { reason, mayHaveProduced } })
    expect(fixture.simulator.log()).toHaveLength(1)
  })

  it.each<[string, Record<string, string>, number | undefined]>([
    ['seconds', { 'retry-after': '61' }, 61_000],
    ['milliseconds', { 'retry-after-ms': '20' }, 20],
    ['a past date', { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 0],
    ['nothing', {}, undefined],
  ])('of 429 with %s has the retry delay', async (_name, headers, retryAfterMs) => {
    fixture.simulator.script({ behaviour: { kind: 'status', status: 429, headers } })
    await expect(generateImage()).rejects.toMatchObject({
      failure: { failureClass: 'credential-limited', retryAfterMs },
    })
  })
})
