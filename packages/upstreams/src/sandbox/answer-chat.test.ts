import { systemClock } from '@sluice/kernel/clock'
import { seededRandom } from '@sluice/kernel/random'

import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

import { createSandboxUpstream } from './sandbox-upstream.ts'

const upstream = createSandboxUpstream({ clock: systemClock, random: seededRandom(1) })

function chat(body: Record<string, unknown>, settings: Record<string, unknown> = {}) {
  const answer = upstream.chatAnswer?.({
    access: { baseUrl: '', secret: '', settings },
    upstreamModel: 'sandbox-chat',
    body: { messages: [{ role: 'user', content: 'Why is the sky blue?' }], ...body },
    signal: new AbortController().signal,
  })
  if (!answer) throw new Error('the sandbox has no chat')
  return answer
}

const whole = z.object({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: z.int(),
  model: z.literal('sandbox-chat'),
  choices: z.tuple([
    z.object({
      index: z.literal(0),
      finish_reason: z.string(),
      logprobs: z.null(),
      message: z.object({ role: z.literal('assistant'), content: z.string(), refusal: z.null() }),
    }),
  ]),
  usage: z.object({
    prompt_tokens: z.int(),
    completion_tokens: z.int(),
    total_tokens: z.int(),
    prompt_tokens_details: z.object({ cached_tokens: z.int() }),
    completion_tokens_details: z.object({ reasoning_tokens: z.int() }),
  }),
})

const read = async (body: Record<string, unknown>) => whole.parse(await chat(body).whole())

describe('a sandbox chat answer', () => {
  it('identifies the sandbox and quotes the question', async () => {
    const { choices } = await read({})
    expect(choices[0].message.content).toContain('sandbox')
    expect(choices[0].message.content).toContain('“Why is the sky blue?”')
    expect(choices[0].finish_reason).toBe('stop')
  })

  it('has the token counts of prompt and response', async () => {
    const { choices, usage } = await read({})
    const written = countTokens(choices[0].message.content)
    expect(usage.completion_tokens).toBe(written)
    expect(usage.prompt_tokens).toBe(
      3 + 3 + countTokens('user') + countTokens('Why is the sky blue?'),
    )
    expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens)
  })

  it.each(['max_tokens', 'max_completion_tokens'])(
    'stops at %s with finish_reason length',
    async (name) => {
      const { choices, usage } = await read({ [name]: 5 })
      expect(usage.completion_tokens).toBe(5)
      expect(choices[0].finish_reason).toBe('length')
    },
  )

  it('reads message parts, and quotes only the start of a long question', async () => {
    const content = [
      { type: 'text', text: 'Describe' },
      { type: 'image_url', image_url: { url: 'data:' } },
      { type: 'text', text: 'this 猫 '.repeat(200) },
    ]
    const { choices } = await read({ messages: [{ role: 'user', content }] })
    expect(choices[0].message.content).toContain('“Describe this 猫')
    expect(choices[0].message.content.length).toBeLessThan(500)
  })

  it('counts text that looks like a control token as text', async () => {
    const { usage } = await read({ messages: [{ role: 'user', content: '<|endoftext|>' }] })
    expect(usage.prompt_tokens).toBeGreaterThan(7)
  })

  it('streams the same text, with usage only if include_usage is set', async () => {
    const question = { messages: [{ role: 'user', content: '猫は何と言いますか 🐈‍⬛?' }] }
    const { choices, usage } = await read(question)
    const withUsage = await chunksOf({ ...question, stream_options: { include_usage: true } })
    expect(withUsage.text).toBe(choices[0].message.content)
    expect(withUsage.text).not.toContain('\uFFFD')
    expect(withUsage.finish).toEqual(['stop'])
    expect(withUsage.last).toMatchObject({ choices: [], usage })
    const withoutUsage = await chunksOf(question)
    expect(withoutUsage.last).toMatchObject({ choices: [{ finish_reason: 'stop' }] })
    expect(withoutUsage.last).not.toHaveProperty('usage')
  })

  it('fails as configured in the channel, whole and streamed', async () => {
    const settings = { failureRate: 1, failWith: 'rate-limited', retryAfterMs: 9 }
    const failure = { failure: { failureClass: 'credential-limited', retryAfterMs: 9 } }
    await expect(chat({}, settings).whole()).rejects.toMatchObject(failure)
    await expect(chat({}, settings).chunks()[Symbol.asyncIterator]().next()).rejects.toMatchObject(
      failure,
    )
  })

  it.each([[[]], ['text'], [undefined], [[7]]])(
    'rejects messages that are %j',
    async (messages) => {
      await expect(chat({ messages }).whole()).rejects.toMatchObject({
        failure: { failureClass: 'caller-bad' },
      })
    },
  )
})

const chunk = z.looseObject({
  choices: z.array(
    z.object({
      delta: z.looseObject({ content: z.string().optional() }),
      finish_reason: z.string().nullable(),
    }),
  ),
})

async function chunksOf(body: Record<string, unknown>) {
  let text = ''
  const finish: string[] = []
  let last: unknown
  for await (const value of chat({ ...body, stream: true }).chunks()) {
    last = value
    for (const { delta, finish_reason: reason } of chunk.parse(value).choices) {
      text += delta.content ?? ''
      if (reason !== null) finish.push(reason)
    }
  }
  return { text, finish, last }
}
