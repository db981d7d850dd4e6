import type { FaultInput } from '@sluice/simulators/openai/fault'

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import type { OpenAiFixture } from '../../test/openai-fixture.ts'
import { generateWith, startOpenAiFixture } from '../../test/openai-fixture.ts'
import type { GenerateInput, FailureReason } from '../upstream.ts'

// Two cores may be busy with other tests; nothing here waits longer than it must.
const abortScope = { timeout: 4_000 }

/** Streams that go as they should, and all the ways in which they do not; and plain silence. */

let fixture: OpenAiFixture
beforeEach(async () => {
  fixture = await startOpenAiFixture()
})
afterEach(() => fixture.close())

type Behaviour = NonNullable<FaultInput['behaviour']>

/** Draws with two partial pictures wanted. */
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
  it.each(['empty-data', 'crlf', 'twice-terminal'] as const)('is read through: %s', async (lie) => {
    const { generated, partials } = await stream({ kind: 'stream', lie })
    expect(generated.facts.width).toBe(64)
    expect(partials).toEqual([0, 1])
  })

  it('may be JSON after all', async () => {
    const { generated, partials } = await stream({ kind: 'stream', lie: 'json' })
    expect([generated.facts.width, partials]).toEqual([64, []])
  })

  it('may be sent although nobody asked for one', async () => {
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

  it('leaves out partial pictures that cannot be read', async () => {
    await expect(stream({ kind: 'picture', lie: 'truncated' })).rejects.toMatchObject({
      failure: { reason: 'answer-broken' },
    })
  })

  it.each(['error-envelope', 'error-event', 'error-flat'] as const)(
    'that breaks bad news is classified by its code: %s',
    async (lie) => {
      const moderation = { kind: 'stream', lie, code: 'moderation_blocked' } as const
      await expect(stream(moderation)).rejects.toMatchObject({
        failure: { reason: 'content-refused', failureClass: 'caller-bad', mayHaveProduced: true },
      })
      await expect(stream({ ...moderation, code: 'odd' })).rejects.toMatchObject({
        failure: { reason: 'server-error', mayHaveProduced: true },
      })
    },
  )

  it.each<[string, Behaviour, FailureReason]>([
    ['without an end', { kind: 'stream', lie: 'no-terminal' }, 'answer-broken'],
    ['with an event that is no JSON', { kind: 'malformed' }, 'answer-broken'],
  ])('%s is a failure', async (_name, behaviour, reason) => {
    await expect(stream(behaviour)).rejects.toMatchObject({
      failure: { reason, mayHaveProduced: true },
    })
  })

  it('that is cut anywhere before its end never gives a picture', async () => {
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

describe('silence', () => {
  it.each(['request', 'headers', 'body'] as const)(
    'after the %s ends with the deadline, and frees the socket',
    async (at) => {
      fixture.simulator.script({ behaviour: { kind: 'hang', at } })
      const controller = new AbortController()
      const generated = generateWith(fixture, { more: { signal: controller.signal } })
      const ended = generated.catch((error: unknown) => error)
      await vi.waitUntil(() => fixture.simulator.log().length === 1, abortScope)
      expect(await fixture.simulator.connections()).toBe(1)
      controller.abort(new Error('deadline'))
      const failure = { reason: 'aborted', mayHaveProduced: true }
      expect(await ended).toMatchObject({ failure })
      await expect.poll(() => fixture.simulator.connections(), abortScope).toBe(0)
      await expect.poll(() => fixture.simulator.log()[0]?.end, abortScope).toBe('client-gone')
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
