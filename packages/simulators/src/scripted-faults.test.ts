import OpenAI, { APIError } from 'openai'
import sharp from 'sharp'
import { Agent } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { FaultInput } from './openai/fault.ts'
import type { OpenAiSimulator } from './openai-simulator.ts'
import { startOpenAiSimulator } from './openai-simulator.ts'
import { firstPicture, rawClient } from './testing/raw-client.ts'

// A generous limit for busy machines; polling ends as soon as the condition holds.
const waitLimit = { timeout: 4_000 }

let simulator: OpenAiSimulator
let agent: Agent
let raw: ReturnType<typeof rawClient>

beforeEach(async () => {
  simulator = await startOpenAiSimulator()
  agent = new Agent({ allowH2: false })
  raw = rawClient({ simulator, agent })
})

afterEach(async () => {
  await agent.destroy()
  await simulator.close()
})

describe('scripted faults', () => {
  it('applies a fault to matching requests, for as many times as scripted', async () => {
    simulator.script([
      { match: { promptIncludes: 'dog' }, behaviour: { kind: 'status', status: 500 } },
      {
        match: { route: 'images.generations' },
        skip: 1,
        behaviour: { kind: 'status', status: 503 },
      },
    ])
    const statuses: number[] = []
    for (const prompt of ['cat', 'dog', 'cat', 'cat', 'dog']) {
      const answer = await raw.generateImage({ prompt })
      statuses.push(answer.statusCode)
      await answer.body.dump()
    }
    expect(statuses).toEqual([200, 500, 503, 200, 200])
  })

  it('answers with a scripted status and headers that the SDK understands', async () => {
    simulator.script({
      behaviour: {
        kind: 'status',
        status: 429,
        code: 'rate_limit_exceeded',
        headers: { 'retry-after': '7' },
      },
    })
    const { key: apiKey, url } = simulator
    const sdk = new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 })
    const error = await sdk.images
      .generate({ model: 'gpt-image-2', prompt: 'p' })
      .catch((error: unknown) => error)
    expect(error).toBeInstanceOf(APIError)
    expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded' })
  })

  it('sends a raw response exactly as scripted: chunks of text or bytes, and no other headers', async () => {
    const bytes = Buffer.from([0xff, 0x00, 0xfe])
    simulator.script({
      behaviour: {
        kind: 'raw',
        status: 201,
        headers: { 'x-only': 'this' },
        chunks: ['one ', { base64: bytes.toString('base64') }],
      },
    })
    const answer = await raw.generateImage()
    const { 'x-only': only, 'content-type': type, 'x-request-id': id } = answer.headers
    expect([answer.statusCode, only, type, id]).toEqual([201, 'this', undefined, undefined])
    const body = Buffer.from(await answer.body.arrayBuffer())
    expect(body.equals(Buffer.concat([Buffer.from('one '), bytes]))).toBe(true)
    expect(simulator.log()[0]?.produced).toEqual([])
  })

  const broken: [string, FaultInput['behaviour'], string | RegExp][] = [
    ['a raw response that is cut', { kind: 'raw', chunks: ['half'], ending: 'cut' }, 'cut'],
    ['a cut body', { kind: 'cut', afterBytes: 40 }, 'cut'],
    ['a reset in the body', { kind: 'reset', afterBytes: 40 }, 'reset'],
    ['a reset instead of a response', { kind: 'reset' }, 'reset'],
  ]
  it.each(broken)('breaks the connection: %s', async (_name, behaviour, end) => {
    simulator.script({ behaviour: behaviour ?? { kind: 'pass' } })
    await expect(raw.generateImage().then(({ body }) => body.text())).rejects.toThrow(
      /closed|reset|aborted/i,
    )
    await expect.poll(() => simulator.log()[0]?.end, waitLimit).toBe(end)
  })

  it('hangs until the client disconnects, and logs that', async () => {
    for (const at of ['request', 'headers', 'body'] as const) {
      simulator.script({ behaviour: { kind: 'hang', at } })
      const controller = new AbortController()
      const running = raw
        .generateImage({}, { signal: controller.signal })
        .then(({ body }) => body.text())
      const count = simulator.log().length
      await expect.poll(() => simulator.log().length, waitLimit).toBe(count + 1)
      controller.abort()
      await expect(running).rejects.toThrow(/abort/i)
      await expect.poll(() => simulator.log().at(-1)?.end, waitLimit).toBe('client-gone')
    }
  })

  it('sends a complete response in small pieces', async () => {
    simulator.script({ behaviour: { kind: 'drip', bytes: 100, everyMs: 1 } })
    const { body } = await raw.generateImage()
    expect(await body.json()).toMatchObject({ data: [{ b64_json: expect.any(String) }] })
  })

  it.each([
    ['malformed', { kind: 'malformed' }, /^\{.*[^}]$/],
    ['empty', { kind: 'empty' }, /^$/],
    ['html', { kind: 'html' }, /^<html>/],
  ] as const)('answers 200 with a body that is %s', async (_name, behaviour, pattern) => {
    simulator.script({ behaviour })
    const { statusCode, body } = await raw.generateImage()
    expect(statusCode).toBe(200)
    expect(await body.text()).toMatch(pattern)
  })

  it.each([
    ['none', []],
    ['too-many', [1, 2, 3]],
    ['zero-bytes', [0]],
  ] as const)('sends invalid image responses: %s', async (variant, lengths) => {
    simulator.script({ behaviour: { kind: 'picture', variant } })
    const { body } = await raw.generateImage()
    const answer = await body.json()
    expect(answer).toMatchObject({ data: lengths.map(() => ({ b64_json: expect.any(String) })) })
    expect(answer).toHaveProperty('data.length', lengths.length)
  })

  it('answers with a URL, and serves the image there', async () => {
    simulator.script({ behaviour: { kind: 'picture', variant: 'url' } })
    const url = await firstPicture(await raw.generateImage(), 'url')
    const file = await raw.get(new URL(url).pathname)
    expect(file.headers['content-type']).toBe('image/png')
    expect((await sharp(await file.body.bytes()).metadata()).width).toBe(64)
  })

  it.each([
    [
      'error-envelope',
      /data: \{"error":\{"message":"scripted","type":"[a-z_]+","param":null,"code":"slow_down"\}\}/,
    ],
    ['error-event', /event: error\ndata: \{"error":/],
    ['error-flat', /event: error\ndata: \{"type":"error","code":"slow_down"/],
    ['empty-data', /\n\ndata:\n\n/],
    ['no-terminal', /"finish_reason":null\}\][^\n]*\n\n$/],
    ['crlf', /\[DONE\]\r\n\r\n$/],
    ['json', /^\{"id"/],
  ] as const)('sends invalid chat streams: %s', async (variant, pattern) => {
    simulator.script({ behaviour: { kind: 'stream', variant, code: 'slow_down' } })
    const { body } = await raw.chat({ stream: true })
    expect(await body.text()).toMatch(pattern)
  })

  it('accepts its script and serves its log over HTTP, for tests in another process', async () => {
    const faults = [{ behaviour: { kind: 'status', status: 529 } }]
    const added = await raw.post('/__script', { faults })
    expect(await added.body.json()).toEqual({ added: 1 })
    const answer = await raw.generateImage()
    expect(answer.statusCode).toBe(529)
    await answer.body.dump()
    const bad = await raw.post('/__script', { faults: [{ behaviour: { kind: 'explode' } }] })
    expect(bad.statusCode).toBe(400)
    await bad.body.dump()
    const log = await raw.get('/__log')
    expect(await log.body.json()).toMatchObject({ entries: [{ n: 1, status: 529 }] })
  })
})
