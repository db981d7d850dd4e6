import { gzipSync } from 'node:zlib'

import { afterEach, describe, expect, it } from 'vitest'

import {
  completion,
  data,
  delta,
  done,
  error,
  events,
  oneChannel,
  raw,
  role,
  sse,
  twoChannels,
} from './bad-upstream.ts'
import type { Fixture, FixtureOptions } from './fixture.ts'
import { createFixture } from './fixture.ts'

let current: Fixture | undefined
const open = async (options?: FixtureOptions) => (current = await createFixture(options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

describe('an answer in the form that the caller did not request', () => {
  const chunks = [
    role,
    delta({ reasoning_content: 'th' }),
    delta({ reasoning_content: 'ink' }),
    delta({ content: 'Hé' }),
    delta({ content: 'llo' }),
    delta({
      tool_calls: [
        { index: 0, id: 't1', type: 'function', function: { name: 'find', arguments: '{"a"' } },
      ],
    }),
    delta({ tool_calls: [{ index: 0, function: { arguments: ':1}' } }] }),
    delta({}, 'tool_calls'),
    data({ id: 'c1', choices: [], usage: { prompt_tokens: 9, completion_tokens: 12 } }),
    done,
  ]
  const message = {
    role: 'assistant',
    content: 'Héllo',
    reasoning_content: 'think',
    tool_calls: [{ id: 't1', type: 'function', function: { name: 'find', arguments: '{"a":1}' } }],
  }

  it.each([
    ['an event stream', sse],
    ['no content type', {}],
    ['a wrong content type', { 'content-type': 'application/json' }],
  ])('is collected from stream events into one object: %s', async (_name, headers) => {
    const fixture = await open(twoChannels)
    fixture.simulator.script(raw({ headers, chunks }))
    const answer = await fixture.chat()
    expect(answer.headers['content-type']).toBe('application/json')
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.text)))
    expect(JSON.parse(answer.text)).toMatchObject({
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
      usage: { completion_tokens: 12 },
    })
    await fixture.stop()
    expect(fixture.ledger.records).toMatchObject([
      { source: 'upstream', usage: { input: 9, output: 12 } },
    ])
    expect(fixture.rows).toMatchObject([{ attempts: 1 }])
  })

  it.each([
    ['JSON', { 'content-type': 'application/json' }],
    ['no content type', {}],
    ['a wrong content type', sse],
  ])('is converted from one object into stream events: %s', async (_name, headers) => {
    const fixture = await open(twoChannels)
    const usage = { prompt_tokens: 9, completion_tokens: 12 }
    const body = JSON.stringify({
      id: 'c1',
      object: 'chat.completion',
      choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
      usage,
    })
    for (const includeUsage of [true, false]) {
      fixture.simulator.script(raw({ headers, chunks: [body] }))
      const answer = await fixture.chat({
        stream: true,
        stream_options: { include_usage: includeUsage },
      })
      expect(answer.headers['content-type']).toContain('text/event-stream')
      const seen = events(answer.text)
      expect(seen.at(-1)?.data).toBe('[DONE]')
      const parsed = seen.slice(0, -1).map(({ data }) => JSON.parse(data))
      expect(parsed.every((one) => one.object === 'chat.completion.chunk')).toBe(true)
      const deltas = parsed.flatMap(({ choices }) => choices).map((choice) => choice.delta)
      expect(deltas.map((one) => one.content ?? '').join('')).toBe('Héllo')
      expect(deltas.map((one) => one.reasoning_content ?? '').join('')).toBe('think')
      expect(deltas.flatMap((one) => one.tool_calls ?? [])).toMatchObject([{ index: 0, id: 't1' }])
      expect(parsed.some((one) => one.choices[0]?.finish_reason === 'tool_calls')).toBe(true)
      expect(parsed.some((one) => 'usage' in one)).toBe(includeUsage)
    }
    await fixture.stop()
    expect(fixture.ledger.records).toMatchObject([{ source: 'upstream' }, { source: 'upstream' }])
  })

  it('fails over to the next channel when a non-streaming call gets a truncated stream', async () => {
    const fixture = await open(twoChannels)
    fixture.simulator.script(raw({ headers: sse, chunks: chunks.slice(0, 4) }))
    const { status, text } = await fixture.chat()
    expect(status).toBe(200)
    expect(text).toContain('You wrote:')
  })
})

describe('a stream in any form that the SSE standard allows', () => {
  const form = (end: string) =>
    `\u{feff}: hi${end}${end}` +
    `id: 7${end}event: message${end}data:{"id":"c","choices":[{"index":0,"delta":{"content":"é😀"}}]}${end}${end}` +
    `data: {"id":"c",${end}data: "choices":[{"index":0,"delta":{"content":"!"}}]}${end}retry: 10${end}${end}` +
    `data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}${end}${end}data:[DONE]`

  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR', '\r'],
  ])('with %s line endings, split at any byte, reaches the caller complete', async (_, end) => {
    const fixture = await open(oneChannel)
    const bytes = Buffer.from(form(end))
    const cut = (size: number) =>
      Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => ({
        base64: bytes.subarray(at * size, (at + 1) * size).toString('base64'),
      }))
    for (const size of [1, 7, bytes.length]) {
      fixture.simulator.script(raw({ headers: sse, chunks: cut(size) }))
      const seen = events((await fixture.chat({ stream: true })).text)
      expect(seen.at(-1)?.data).toBe('[DONE]')
      const contents = seen
        .slice(0, -1)
        .map(({ data }) => JSON.parse(data).choices[0].delta.content)
      expect(contents.join('')).toBe('é😀!')
      fixture.simulator.script([], { reset: true })
    }
  })

  it('without [DONE] but with a finish_reason is ended with [DONE]', async () => {
    const fixture = await open(oneChannel)
    fixture.simulator.script(
      raw({ headers: sse, chunks: [delta({ content: 'x' }), delta({}, 'stop')] }),
    )
    const { text } = await fixture.chat({ stream: true })
    expect(text.endsWith(done)).toBe(true)
    await fixture.stop()
    expect(fixture.rows).toMatchObject([{ errorCode: null }])
  })

  it('that continues after [DONE] is ended there for the caller', async () => {
    const fixture = await open(oneChannel)
    fixture.simulator.script(
      raw({ headers: sse, chunks: [delta({ content: 'x' }), done, data({ error }), done] }),
    )
    const { text } = await fixture.chat({ stream: true })
    expect(text.match(/\[DONE\]/g)).toHaveLength(1)
    expect(text).not.toContain('error')
  })
})

describe('a compressed answer that was not requested', () => {
  const gzip = { 'content-encoding': 'gzip' }
  const packed = (text: string) => {
    const bytes = gzipSync(text)
    const half = bytes.length >> 1
    return [bytes.subarray(0, half), bytes.subarray(half)].map((one) => ({
      base64: one.toString('base64'),
    }))
  }

  it('is decompressed before it reaches the caller, as an object and as a stream', async () => {
    const fixture = await open(twoChannels)
    fixture.simulator.script(raw({ headers: gzip, chunks: packed(completion('hello')) }))
    const whole = await fixture.chat()
    expect(JSON.parse(whole.text).choices[0].message.content).toBe('hello')
    expect(whole.headers['content-encoding']).toBeUndefined()
    fixture.simulator.script([], { reset: true })
    const stream = [delta({ content: 'hello' }), delta({}, 'stop'), done].join('')
    fixture.simulator.script(raw({ headers: { ...sse, ...gzip }, chunks: packed(stream) }))
    const streamed = await fixture.chat({ stream: true })
    expect(streamed.text).toBe(stream)
    await fixture.stop()
    expect(fixture.rows).toMatchObject([{ attempts: 1 }, { attempts: 1 }])
  })

  it('fails over to the next channel when it is corrupt', async () => {
    const fixture = await open(twoChannels)
    const [half] = packed(completion('hello'))
    fixture.simulator.script(raw({ headers: gzip, chunks: half ? [half] : [] }))
    const { text } = await fixture.chat()
    expect(text).toContain('You wrote:')
  })

  it('is not decompressed beyond a limit, however small it arrived', async () => {
    const fixture = await open(twoChannels)
    const bomb = `{"choices":[],"pad":"${'a'.repeat(64 * 1024 * 1024)}"}`
    fixture.simulator.script(raw({ headers: gzip, chunks: packed(bomb) }))
    const { text } = await fixture.chat()
    expect(text).toContain('You wrote:')
  })
})
