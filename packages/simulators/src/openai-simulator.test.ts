import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import OpenAI, { toFile } from 'openai'
import sharp from 'sharp'
import { Agent, request } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { hashKey } from './openai/request-log.ts'
import type { OpenAiSimulator } from './openai-simulator.ts'
import { startOpenAiSimulator } from './openai-simulator.ts'
import { firstPicture, rawClient } from './testing/raw-client.ts'

// A generous limit for busy machines; polling ends as soon as the condition holds.
const waitLimit = { timeout: 4_000 }

let simulator: OpenAiSimulator
let agent: Agent
let raw: ReturnType<typeof rawClient>
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'simulator-'))
  simulator = await startOpenAiSimulator({ log: join(folder, 'log.jsonl') })
  agent = new Agent({ allowH2: false })
  raw = rawClient({ simulator, agent })
})

afterEach(async () => {
  await agent.destroy()
  await simulator.close()
  await rm(folder, { recursive: true })
})

const sdk = () =>
  new OpenAI({ apiKey: simulator.key, baseURL: `${simulator.url}/v1`, maxRetries: 0 })

const png = (width = 32, height = 32) =>
  sharp({ create: { width, height, channels: 4, background: '#336699' } })
    .png()
    .toBuffer()

describe('the API for clients', () => {
  it('returns distinct real images of the requested size and format', async () => {
    for (const format of ['png', 'jpeg', 'webp'] as const) {
      const answer = await sdk().images.generate({
        model: 'gpt-image-2',
        prompt: 'two cats',
        n: 2,
        size: '1024x1536',
        output_format: format,
      })
      const pictures = (answer.data ?? []).map(({ b64_json }) =>
        Buffer.from(b64_json ?? '', 'base64'),
      )
      expect(pictures).toHaveLength(2)
      expect(pictures[0]?.equals(pictures[1] ?? Buffer.of())).toBe(false)
      const seen = await sharp(pictures[0]).metadata()
      expect([seen.format, seen.width, seen.height]).toEqual([format, 1024, 1536])
      expect(answer.usage?.total_tokens).toBeGreaterThan(0)
    }
  })

  it('streams partial pictures and a completed one to the SDK', async () => {
    const stream = await sdk().images.generate({
      model: 'gpt-image-2',
      prompt: 'a fox',
      stream: true,
      partial_images: 2,
    })
    const types: string[] = []
    for await (const event of stream) types.push(event.type)
    expect(types).toEqual([
      'image_generation.partial_image',
      'image_generation.partial_image',
      'image_generation.completed',
    ])
  })

  it('accepts an edit with several images and a mask from the SDK', async () => {
    const file = async (name: string) => toFile(await png(), name, { type: 'image/png' })
    const answer = await sdk().images.edit({
      model: 'gpt-image-1.5',
      prompt: 'a hat',
      image: [await file('a.png'), await file('b.png')],
      mask: await file('mask.png'),
    })
    expect(answer.data).toHaveLength(1)
    expect(simulator.log()[0]?.parts.filter((part) => part === 'image[]')).toHaveLength(2)
  })

  it('reads multipart parts in any order, with either name of the image', async () => {
    const orders = [
      ['model', 'mask', 'prompt', 'n', 'image[]', 'image[]'],
      ['image', 'prompt', 'model'],
      ['prompt', 'image[]', 'size', 'mask', 'model'],
    ]
    const bytes = new Uint8Array(await png())
    const text: Record<string, string> = {
      model: 'gpt-image-1.5',
      prompt: 'p',
      n: '1',
      size: 'auto',
    }
    for (const order of orders) {
      const form = new FormData()
      for (const part of order) {
        if (text[part] === undefined) form.append(part, new Blob([bytes]), 'blob')
        else form.append(part, text[part])
      }
      const wire = new Response(form)
      const answer = await request(`${simulator.url}/v1/images/edits`, {
        dispatcher: agent,
        method: 'POST',
        headers: {
          authorization: `Bearer ${simulator.key}`,
          'content-type': wire.headers.get('content-type') ?? '',
        },
        body: Buffer.from(await wire.arrayBuffer()),
      })
      expect(answer.statusCode).toBe(200)
      await answer.body.dump()
      expect(simulator.log().at(-1)?.parts).toEqual(order)
    }
  })

  it('answers chat whole and streamed, with usage when the request includes include_usage', async () => {
    const messages = [{ role: 'user' as const, content: 'hello there' }]
    const whole = await sdk().chat.completions.create({ model: 'gpt-5-mini', messages })
    expect(whole.choices[0]?.message.content).toContain('You wrote: hello there')
    expect(whole.usage?.completion_tokens).toBe(12)
    const stream = await sdk().chat.completions.create({
      model: 'gpt-5-mini',
      messages,
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    let usage: unknown
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage ?? usage
    }
    expect(text).toBe(whole.choices[0]?.message.content)
    expect(usage).toEqual(whole.usage)
  })

  it('lists its models and returns a single one', async () => {
    const names: string[] = []
    for await (const model of sdk().models.list()) names.push(model.id)
    expect(names).toContain('gpt-image-2')
    expect((await sdk().models.retrieve('gpt-5-mini')).id).toBe('gpt-5-mini')
  })

  it.each<[string, { key?: string; body?: object }, number, string]>([
    ['a wrong key', { key: 'other' }, 401, 'invalid_api_key'],
    ['an unknown model', { body: { model: 'nope', prompt: 'p' } }, 404, 'model_not_found'],
    ['no prompt', { body: { model: 'gpt-image-2' } }, 400, 'missing_required_parameter'],
    ['a bad size', { body: { prompt: 'p', size: '5x5' } }, 400, 'invalid_value'],
    [
      'response_format with a GPT image model',
      { body: { model: 'gpt-image-2', prompt: 'p', response_format: 'url' } },
      400,
      'unknown_parameter',
    ],
  ])('rejects %s with an error envelope', async (_name, { key, body }, status, code) => {
    const answer = await raw.post(
      '/v1/images/generations',
      body ?? { prompt: 'p' },
      key ? { key } : {},
    )
    expect(answer.statusCode).toBe(status)
    expect(await answer.body.json()).toMatchObject({ error: { code, message: expect.any(String) } })
    expect(simulator.log()[0]?.produced).toEqual([])
  })
})

describe('the request log', () => {
  it('records the request, what was produced and how it ended, without the key', async () => {
    const answer = await raw.generateImage({ prompt: 'a secret cat' })
    const bytes = Buffer.from(await firstPicture(answer, 'b64_json'), 'base64')
    await expect.poll(() => simulator.log()[0]?.end, waitLimit).toBe('answered')
    const entry = simulator.log()[0]
    expect(entry).toMatchObject({
      route: 'images.generations',
      prompt: 'a secret cat',
      keyHash: hashKey(simulator.key),
      status: 200,
      produced: [{ kind: 'picture', bytes: bytes.byteLength, size: '64x48', format: 'png' }],
    })
    await simulator.close()
    const lines = (await readFile(join(folder, 'log.jsonl'), 'utf8')).trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { event: 'received' },
      { event: 'produced' },
      { event: 'ended' },
    ])
    expect(lines.join('')).not.toContain(simulator.key)
    simulator = await startOpenAiSimulator()
  })

  it('detects a client that disconnects while waiting, and produces nothing for it', async () => {
    simulator.script({ latencyMs: 60_000 })
    const socket = connect(Number(new URL(simulator.url).port), '127.0.0.1')
    await once(socket, 'connect')
    const body = JSON.stringify({ prompt: 'p' })
    socket.write(
      `POST /v1/images/generations HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${simulator.key}\r\n` +
        `content-length: ${body.length}\r\n\r\n${body}`,
    )
    await expect.poll(() => simulator.log().length, waitLimit).toBe(1)
    socket.destroy()
    await expect.poll(() => simulator.log()[0]?.end, waitLimit).toBe('client-gone')
    expect(simulator.log()[0]?.produced).toEqual([])
    await expect.poll(() => simulator.connections(), waitLimit).toBe(0)
  })
})
