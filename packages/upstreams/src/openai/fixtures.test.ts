import { readFileSync } from 'node:fs'

import { sampleImageRequest } from '@sluice/contracts/testing/sample-image-request'
import type { FetchGuarded } from '@sluice/egress/guarded-fetch'
import { systemClock } from '@sluice/kernel/clock'
import { seededRandom } from '@sluice/kernel/random'

import type { OpenAiSimulator } from '@sluice/simulators/openai-simulator'
import { startOpenAiSimulator } from '@sluice/simulators/openai-simulator'

import { Agent } from 'undici'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import type { GenerateInput, FailureReason } from '../upstream.ts'
import { createOpenAiUpstream } from './openai-upstream.ts'

/** Parsing of responses in the documented form; the wire itself is tested in wire.test.ts. */

const fixture = (name: string) =>
  readFileSync(new URL(`__fixtures__/${name}`, import.meta.url), 'utf8')

let simulator: OpenAiSimulator
let dispatcher: Agent
const fetched: string[] = []

beforeAll(async () => {
  simulator = await startOpenAiSimulator()
  dispatcher = new Agent({ allowH2: false })
})
beforeEach(() => {
  fetched.length = 0
})
afterAll(async () => {
  await dispatcher.destroy()
  await simulator.close()
})

interface ScriptedResponse {
  file: string
  status?: number
  type?: string
  request?: Partial<GenerateInput['request']>
  model?: string
  fetchGuarded?: FetchGuarded
}

function generateImage({
  file,
  status = 200,
  type = 'application/json',
  request,
  model,
  fetchGuarded,
}: ScriptedResponse) {
  const headers = { 'content-type': type }
  const answered = { kind: 'status', status, headers, body: fixture(file) } as const
  simulator.script({ behaviour: answered }, { reset: true })
  const partials: number[] = []
  const upstream = createOpenAiUpstream({
    dispatcher,
    clock: systemClock,
    random: seededRandom(1),
    fetchGuarded:
      fetchGuarded ??
      (async ({ url }) => {
        fetched.push(url)
        return { outcome: 'refused', reason: 'address', message: 'no' }
      }),
  })
  const input: GenerateInput = {
    access: { baseUrl: `${simulator.url}/v1`, secret: simulator.key, settings: {} },
    upstreamModel: model ?? 'gpt-image-2',
    index: 0,
    request: { ...plain, ...request },
    readInput: async () => new Uint8Array(),
    onPartial: async ({ index }) => void partials.push(index),
    signal: new AbortController().signal,
  }
  const generated =
    upstream.generateImage?.(input) ??
    Promise.reject(new Error('the dialect does not generate images'))
  return { generated, partials }
}

const plain = sampleImageRequest()

describe('a response in the documented form', () => {
  it('has the image, its facts and its usage', async () => {
    const { generated } = generateImage({ file: 'generation.json' })
    expect(await generated).toMatchObject({
      contentType: 'image/png',
      facts: { width: 32, height: 48, quality: 'medium', background: 'opaque', format: 'png' },
      tokens: { inputText: 10, inputImage: 40, output: 1584 },
      revisedPrompt: null,
    })
  })

  it('reports transparency only for formats with an alpha channel', async () => {
    const request = { background: 'transparent' } as const
    const clear = generateImage({ file: 'generation-transparent.json', request })
    expect((await clear.generated).facts).toMatchObject({
      background: 'transparent',
      format: 'webp',
    })
    const solid = generateImage({ file: 'compatible.json', request, model: 'paint' })
    expect((await solid.generated).facts).toMatchObject({ background: 'opaque', format: 'jpeg' })
  })

  it('uses the facts of a compatible service, and the request where it states none', async () => {
    const { generated } = generateImage({
      file: 'compatible.json',
      request: { quality: 'high' },
      model: 'paint',
    })
    expect(await generated).toMatchObject({
      facts: { quality: 'high' },
      tokens: null,
      revisedPrompt: 'A red lighthouse, photographed at noon.',
    })
  })

  it('fetches an image URL with the guarded fetch', async () => {
    const bytes = Buffer.from(JSON.parse(fixture('generation.json')).data[0].b64_json, 'base64')
    const fetchGuarded: FetchGuarded = async ({ url }) => {
      fetched.push(url)
      return { outcome: 'fetched', bytes, contentType: 'image/png', url }
    }
    const { generated } = generateImage({
      file: 'compatible-url.json',
      model: 'paint',
      fetchGuarded,
    })
    expect((await generated).bytes).toEqual(bytes)
    expect(fetched).toEqual(['https://pictures.example/out/1.png'])
  })

  it('fails when the guard rejects the URL, and may be charged', async () => {
    const { generated } = generateImage({ file: 'compatible-url.json', model: 'paint' })
    await expect(generated).rejects.toMatchObject({
      failure: { reason: 'answer-broken', mayHaveProduced: true },
    })
  })

  it('passes on the partial images of a stream before the final one', async () => {
    const type = 'text/event-stream; charset=utf-8'
    const { generated, partials } = generateImage({
      file: 'generation-stream.sse',
      type,
      request: { partialImages: 3 },
    })
    expect((await generated).facts).toMatchObject({ quality: 'high', width: 32 })
    expect(partials).toEqual([0, 1])
  })

  it.each<[string, number, FailureReason]>([
    ['error-rate-limit.json', 429, 'rate-limited'],
    ['error-quota.json', 429, 'quota-spent'],
    ['error-billing-limit.json', 400, 'quota-spent'],
    ['error-moderation.json', 400, 'content-refused'],
    ['error-invalid-key.json', 401, 'unauthorised'],
    ['error-model.json', 404, 'model-unknown'],
    ['error-unverified.json', 403, 'model-unknown'],
    ['error-overloaded.json', 503, 'overloaded'],
  ])('classifies %s', async (file, status, reason) => {
    const { generated } = generateImage({ file, status })
    await expect(generated).rejects.toMatchObject({
      name: 'UpstreamError',
      failure: { reason, status },
    })
  })
})
