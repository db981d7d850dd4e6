import { describe, expect, it } from 'vitest'

import { CompletionAssembler } from './assemble-completion.ts'
import { ChatProgress, chatObjectKind } from './chat-object.ts'
import { completionChunks } from './completion-chunks.ts'
import { addDelivered } from './delivered-text.ts'

const assemble = (chunks: Record<string, unknown>[]) => {
  const assembler = new CompletionAssembler()
  for (const chunk of chunks) assembler.add(chunk)
  return assembler.completion()
}
const delta = (delta: object, index = 0, finish_reason: string | null = null) => ({
  id: 'c',
  object: 'chat.completion.chunk',
  model: 'm',
  choices: [{ index, delta, finish_reason }],
})

describe('assembling chunks into a completion', () => {
  it('concatenates text, merges tool calls by index, and uses the last value of the rest', () => {
    const call = (index: number, more: object) => delta({ tool_calls: [{ index, ...more }] })
    const completion = assemble([
      delta({ role: 'assistant', content: '', refusal: null }),
      delta({ content: 'a' }),
      delta({ content: 'x' }, 1),
      delta({ content: 'b' }),
      call(0, { id: 't0', type: 'function', function: { name: 'f', arguments: '{' } }),
      call(1, { id: 't1', type: 'function', function: { name: 'g', arguments: '' } }),
      call(0, { function: { name: 'f', arguments: '}' } }),
      delta({ refusal: 'n' }, 1),
      delta({ refusal: 'o' }, 1, 'stop'),
      delta({}, 0, 'tool_calls'),
      { id: 'c', choices: [], usage: { prompt_tokens: 1 }, system_fingerprint: 'fp' },
    ])
    expect(completion).toEqual({
      id: 'c',
      object: 'chat.completion',
      model: 'm',
      usage: { prompt_tokens: 1 },
      system_fingerprint: 'fp',
      choices: [
        {
          index: 0,
          finish_reason: 'tool_calls',
          message: {
            role: 'assistant',
            content: 'ab',
            refusal: null,
            tool_calls: [
              { id: 't0', type: 'function', function: { name: 'f', arguments: '{}' } },
              { id: 't1', type: 'function', function: { name: 'g', arguments: '' } },
            ],
          },
        },
        {
          index: 1,
          finish_reason: 'stop',
          message: { role: 'assistant', content: 'x', refusal: 'no' },
        },
      ],
    })
  })

  it('distinguishes tool calls without an index by their id', () => {
    const completion = assemble([
      delta({ tool_calls: [{ id: 'a', function: { name: 'f', arguments: '1' } }] }),
      delta({ tool_calls: [{ function: { arguments: '2' } }] }),
      delta({ tool_calls: [{ id: 'b', function: { name: 'g', arguments: '3' } }] }),
    ])
    expect(completion['choices']).toMatchObject([
      {
        message: {
          tool_calls: [
            { id: 'a', function: { arguments: '12' } },
            { id: 'b', function: { arguments: '3' } },
          ],
        },
      },
    ])
  })

  it('does not pollute prototypes', () => {
    const chunk = JSON.parse('{"__proto__":{"x":1},"choices":[{"delta":{"__proto__":{"x":1}}}]}')
    assemble([chunk])
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  it('restores a completion that was split into chunks', () => {
    const message = {
      role: 'assistant',
      content: 'hello',
      reasoning_content: 'hm',
      tool_calls: [{ id: 't', type: 'function', function: { name: 'f', arguments: '{}' } }],
    }
    const completion = {
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message, logprobs: null, finish_reason: 'tool_calls' }],
      usage: { prompt_tokens: 1, completion_tokens: 2 },
    }
    expect(assemble(completionChunks(completion, { includeUsage: true }))).toEqual(completion)
  })
})

describe('the kind of an upstream object', () => {
  const choices = [{ index: 0, delta: { content: 'x' } }]
  it.each<[string, Record<string, unknown>]>([
    ['chat', { choices }],
    ['chat', { choices, error: null, message: 'ok' }],
    ['chat', { choices, error: { code: null, message: '' } }],
    ['chat', { choices, base_resp: { status_code: 0 } }],
    ['usage', { choices: [], usage: { prompt_tokens: 1 } }],
    ['usage', { usage: { prompt_tokens: 1 } }],
    ['error', { choices, error: 'x' }],
    ['error', { error: { message: 'x' } }],
    ['error', { choices: [{ finish_reason: 'error' }] }],
    ['error', { choices: [{ delta: {}, error: { code: 502 } }] }],
    ['error', { type: 'error', message: 'x' }],
    ['error', { detail: 'x' }],
    ['error', { success: false, data: null }],
    ['other', { choices: [], prompt_filter_results: [{}] }],
    ['other', { type: 'ping' }],
    ['other', {}],
  ])('is %s: %j', (kind, value) => expect(chatObjectKind(value)).toBe(kind))
})

describe('delivered text', () => {
  const bytes = (message: Record<string, unknown>) => {
    const delivered = { textBytes: 0, pieceTokens: 0 }
    addDelivered(delivered, message)
    return delivered
  }

  it.each<[Record<string, unknown>, number]>([
    [{ role: 'assistant', content: 'abcd' }, 4],
    [{ content: 'é😀' }, 6],
    [{ content: null, refusal: 'abcd' }, 4],
    [
      {
        content: [
          { type: 'text', text: 'ab' },
          { type: 'refusal', refusal: 'cd' },
        ],
      },
      4,
    ],
    [{ reasoning_content: 'abcd' }, 4],
    [{ reasoning: 'abcd', reasoning_details: [{ type: 'reasoning.text', text: 'abcd' }] }, 4],
    [{ thinking_blocks: [{ type: 'thinking', thinking: 'abcd', signature: 'xxxx' }] }, 4],
    [{ reasoning: { content: 'abcd' }, content: 'ef' }, 6],
    [{ thoughts: 'abcd' }, 4],
    [{ tool_calls: [{ id: 'x', type: 'function', function: { name: 'f', arguments: '{}' } }] }, 3],
    [{ tool_calls: [{ custom: { name: 'f', input: 'abc' } }] }, 4],
    [{ tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] }, 8],
    [{ function_call: { name: 'f', arguments: '{}' } }, 3],
    [{ audio: { id: 'a', transcript: 'abcd' } }, 4],
    [{ tool_calls: 'x', function_call: 1, audio: [], content: 5 }, 0],
  ])('of %j is counted in decoded bytes', (message, expected) => {
    expect(bytes(message).textBytes).toBe(expected)
  })

  it('counts tokens for audio and pictures', () => {
    expect(bytes({ audio: { data: 'a'.repeat(2_500) } }).pieceTokens).toBe(3)
    expect(bytes({ images: [{ image_url: { url: 'data:' } }] }).pieceTokens).toBe(1_290)
    expect(bytes({ content: [{ type: 'image_url', image_url: {} }] }).pieceTokens).toBe(1_290)
  })

  it('is content when it is a space or a tool name, and not when all members are empty', () => {
    const take = (delta: object) => new ChatProgress().take({ choices: [{ delta }] })
    expect(take({ content: ' ' })).toBe(true)
    expect(take({ tool_calls: [{ function: { name: 'f' } }] })).toBe(true)
    expect(take({ role: 'assistant', content: '', tool_calls: [], reasoning: null })).toBe(false)
  })
})
