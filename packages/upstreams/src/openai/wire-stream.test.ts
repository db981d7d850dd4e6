import type { FaultInput } from '@sluice/simulators/openai/fault'

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { OpenAiFixture } from '../../test/openai-fixture.ts'
import { generateWith, startOpenAiFixture } from '../../test/openai-fixture.ts'
import type { GenerateInput, FailureReason } from '../upstream.ts'

// A generous limit for busy machines; polling ends as soon as the condition holds.
const waitLimit = { timeout: 4_000 }

/** Valid and invalid streams, and upstreams that do not respond. */

let fixture: OpenAiFixture
beforeEach(async () => {
  fixture = await startOpenAiFixture()
})
afterEach(() => fixture.close())

type Behaviour = NonNullable<FaultInput['behaviour']>

/** Generates an image with two partial images requested. */
async function stream(behaviour: Behaviour, more: Partial<GenerateInput> = {}) {
  fixture.simulator.script({ behaviour })
  const partials: number[] = []
  const onPartial: GenerateInput['onPartial'] = async ({ index }) => void partials.push(index)
  const generated = await generateWith(fixture, {
    request: { partialImages: 2 },
    more: { onPartial, ...more },
  })
  return { generated, partials }
}

describe('a streamed answer', () => {
  it.each(['empty-data', 'crlf', 'twice-terminal'] as const)(
    'is read to its end: %s',
    async (variant) => {
      const { generated, partials } = await stream({ kind: 'stream', variant })
      expect(generated.facts.width).toBe(64)
      expect(partials).toEqual([0, 1])
    },
  )

  it('may be a JSON response', async () => {
    const { generated, partials } = await stream({ kind: 'stream', variant: 'json' })
    expect([generated.facts.width, partials]).toEqual([64, []])
  })

  it('may be sent without being requested', async () => {
    const { generated: sample } = await stream({ kind: 'pass' })
    const data = {
      type: 'image_generation.completed',
      b64_json: Buffer.from(sample.bytes).toString('base64'),
    }
    const headers = { 'content-type': 'text/event-stream' }
    const body = `data: ${JSON.stringify(data)}\n\n`
    fixture.simulator.script({ behaviour: { kind: 'status', status: 200, headers, body } })
    expect((await generateWith(fixture, {})).bytes).toEqual(sample.bytes)
  })

  it('leaves out partial images that cannot be read', async () => {
    await expect(stream({ kind: 'picture', variant: 'truncated' })).rejects.toMatchObject({
      failure: { reason: 'answer-broken' },
    })
  })

  it.each(['error-envelope', 'error-event', 'error-flat'] as const)(
    'with an error event is classified by its code: %s',
    async (variant) => {
      const moderation = { kind: 'stream', variant, code: 'moderation_blocked' } as const
      await expect(stream(moderation)).rejects.toMatchObject({
        failure: { reason: 'content-refused', failureClass: 'caller-bad', mayHaveProduced: true },
      })
      await expect(stream({ ...moderation, code: 'odd' })).rejects.toMatchObject({
        failure: { reason: 'server-error', mayHaveProduced: true },
      })
    },
  )

  it.each<[string, Behaviour, FailureReason]>([
    ['without an end', { kind: 'stream', variant: 'no-terminal' }, 'answer-broken'],
    ['with an event that is not JSON', { kind: 'malformed' }, 'answer-broken'],
  ])('%s is a failure', async (_name, behaviour, reason) => {
    await expect(stream(behaviour)).rejects.toMatchObject({
      failure: { reason, mayHaveProduced: true },
    })
  })

  it('that is cut at any position never returns an image', async () => {
    const size = await streamedBytes()
    for (let cut = 0; cut < 20; cut += 1) {
      const afterBytes = Math.floor((size * cut) / 20)
      const kind = cut % 2 === 0 ? 'cut' : 'reset'
      await expect(stream({ kind, afterBytes })).rejects.toMatchObject({
        failure: { reason: 'answer-cut', failureClass: 'retry-elsewhere', mayHaveProduced: true },
      })
    }
  })
})

describe('an upstream that does not respond', () => {
  it.each(['request', 'headers', 'body'] as const)(
    'after the %s: the call ends with the deadline and releases its socket',
    async (at) => {
      fixture.simulator.script({ behaviour: { kind: 'hang', at } })
      const controller = new AbortController()
      const generated = generateWith(fixture, { more: { signal: controller.signal } })
      const ended = generated.catch((error: unknown) => error)
      await vi.waitUntil(() => fixture.simulator.log().length === 1, waitLimit)
      expect(await fixture.simulator.connections()).toBe(1)
      controller.abort(new Error('deadline'))
      const failure = { reason: 'aborted', mayHaveProduced: true }
      expect(await ended).toMatchObject({ failure })
      await expect.poll(() => fixture.simulator.connections(), waitLimit).toBe(0)
      await expect.poll(() => fixture.simulator.log()[0]?.end, waitLimit).toBe('client-gone')
    },
  )
})

async function streamedBytes(): Promise<number> {
  const answer = await fixture.egress.dispatcher.request({
    origin: fixture.simulator.url,
    path: '/v1/images/generations',
    method: 'POST',
    headers: { authorization: `Bearer ${fixture.simulator.key}` },
    body: JSON.stringify({ prompt: 'a fox', size: '64x48', stream: true, partial_images: 2 }),
  })
  return (await answer.body.bytes()).byteLength
}
