import { request } from 'node:http'

import { afterEach, describe, expect, it } from 'vitest'

import { until } from './time.ts'
import type { Fixture, FixtureOptions } from './fixture.ts'
import { APIKEY, question, createFixture } from './fixture.ts'

let current: Fixture | undefined
const open = async (options?: FixtureOptions) => (current = await createFixture(options))
afterEach(async () => {
  await current?.close()
  current = undefined
})

const sse = { 'content-type': 'text/event-stream' }
const json = { 'content-type': 'application/json' }
const done = 'data: [DONE]\n\n'

/** 700 characters and 700 bytes, with quotes and line breaks. */
const TEXT = `${'He read "wait" and\nleft the room at 9. '.repeat(20)}`.slice(0, 700)
const TOKENS = 175

/** As Python writes JSON: a space after each colon and comma. */
const spaced = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(
    ([name, one]) => `${JSON.stringify(name)}: ${spaced(one)}`,
  )
  return `{${members.join(', ')}}`
}
/** JSON with every character of the text as a \u escape. */
const escaped = (value: unknown): string =>
  JSON.stringify(value).replaceAll(TEXT_IN_JSON, () =>
    TEXT.split('')
      .map((one) => String.raw`\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
const TEXT_IN_JSON = JSON.stringify(TEXT).slice(1, -1)

type Write = (value: unknown) => string
const whole = (message: object, write: Write = JSON.stringify, more: object = {}) => ({
  headers: json,
  chunks: [
    write({
      id: 'c',
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: 'stop' }],
      ...more,
    }),
  ],
})
const event = (delta: object, write: Write = JSON.stringify, more: object = {}) =>
  `data: ${write({ id: 'c', choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`
const streamed = (deltas: object[], write: Write = JSON.stringify) => ({
  headers: sse,
  chunks: [deltas.map((delta) => event(delta, write)).join(''), done],
})
const pieces = (text: string, size: number) =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
    text.slice(at * size, (at + 1) * size),
  )
const call = (name: string, text: string) => ({
  tool_calls: [{ index: 0, id: 't', type: 'function', function: { name, arguments: text } }],
})
const rest = (text: string) => ({ tool_calls: [{ index: 0, function: { arguments: text } }] })
const empty = Array.from({ length: 60 }, () => ({ content: '' }))

type Form = { headers: Record<string, string>; chunks: string[] }
const wholeForms: [string, Form][] = [
  ['content', whole({ content: TEXT })],
  ['content with a space after each colon', whole({ content: TEXT }, spaced)],
  ['content in escapes', whole({ content: TEXT }, escaped)],
  [
    'content as parts',
    whole({ content: pieces(TEXT, 100).map((text) => ({ type: 'text', text })) }),
  ],
  ['a refusal', whole({ content: null, refusal: TEXT })],
  ['reasoning_content', whole({ content: '', reasoning_content: TEXT })],
  ['reasoning', whole({ content: '', reasoning: TEXT })],
  ['reasoning under two names', whole({ reasoning: TEXT, reasoning_details: [{ text: TEXT }] })],
  ['arguments of a tool', whole({ content: null, ...call('', TEXT) })],
  [
    'a name and arguments of a tool',
    whole({ content: null, ...call(TEXT.slice(0, 20), TEXT.slice(20)) }),
  ],
  ['a legacy function call', whole({ function_call: { name: 'f', arguments: TEXT.slice(1) } })],
  [
    'zero usage',
    whole({ content: TEXT }, JSON.stringify, {
      usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
    }),
  ],
  [
    'usage of one token',
    whole({ content: TEXT }, JSON.stringify, { usage: { prompt_tokens: 9, completion_tokens: 1 } }),
  ],
  [
    'usage as strings',
    whole({ content: TEXT }, JSON.stringify, {
      usage: { prompt_tokens: '9', completion_tokens: '175' },
    }),
  ],
  [
    'negative usage',
    whole({ content: TEXT }, JSON.stringify, {
      usage: { prompt_tokens: 9, completion_tokens: -175 },
    }),
  ],
  ['usage that is null', whole({ content: TEXT }, JSON.stringify, { usage: null })],
  ['events instead of an object', streamed(pieces(TEXT, 70).map((content) => ({ content })))],
]
const streamForms: [string, Form][] = [
  ['one delta', streamed([{ content: TEXT }])],
  ['many deltas', streamed(pieces(TEXT, 3).map((content) => ({ content })))],
  ['deltas of one character', streamed(pieces(TEXT, 1).map((content) => ({ content })))],
  [
    'spaces after colons',
    streamed(
      pieces(TEXT, 20).map((content) => ({ content })),
      spaced,
    ),
  ],
  ['escapes', streamed([{ content: TEXT }], escaped)],
  [
    '4 KiB of empty deltas first',
    streamed([...empty, ...pieces(TEXT, 20).map((content) => ({ content }))]),
  ],
  ['reasoning_content', streamed(pieces(TEXT, 20).map((text) => ({ reasoning_content: text })))],
  [
    'reasoning and content',
    streamed([{ reasoning: TEXT.slice(0, 300) }, { content: TEXT.slice(300) }]),
  ],
  ['a refusal', streamed(pieces(TEXT, 20).map((refusal) => ({ refusal })))],
  ['arguments of a tool', streamed([call('', ''), ...pieces(TEXT, 9).map(rest)])],
  [
    'a legacy function call',
    streamed(pieces(TEXT, 9).map((text) => ({ function_call: { arguments: text } }))),
  ],
  ['one object instead of events', whole({ content: TEXT })],
  [
    'CR line endings',
    {
      headers: sse,
      chunks: [
        streamed([{ content: TEXT }])
          .chunks.join('')
          .replaceAll('\n', '\r'),
      ],
    },
  ],
  [
    'zero usage',
    {
      headers: sse,
      chunks: [
        event({ content: TEXT }),
        `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 0, completion_tokens: 0 } })}\n\n`,
        done,
      ],
    },
  ],
  [
    'usage with the first chunk only',
    {
      headers: sse,
      chunks: [
        event({ content: TEXT.slice(0, 5) }, JSON.stringify, {
          usage: { prompt_tokens: 0, completion_tokens: 1 },
        }),
        event({ content: TEXT.slice(5) }),
        done,
      ],
    },
  ],
]

/** Amounts charged. An estimate counts one token per four bytes, of the prompt and of the text. */
const costOf = ({ ledger }: Fixture) => ledger.records.map(({ amountMicro }) => Number(amountMicro))
const inputOf = (body: object) =>
  Math.ceil(Buffer.byteLength(JSON.stringify({ ...question, ...body })) / 4)

describe('the same 700 characters cost the same without a plausible usage report', () => {
  it.each(wholeForms)('as one object: %s', async (_name, form) => {
    const fixture = await open()
    fixture.simulator.script({ behaviour: { kind: 'raw', ...form } })
    expect((await fixture.chat()).status).toBe(200)
    await fixture.stop()
    expect(fixture.ledger.records).toMatchObject([{ source: 'estimate', endState: 'finished' }])
    expect(costOf(fixture)).toEqual([inputOf({}) + 4 * TOKENS])
  })

  it.each(streamForms)('as a stream: %s', async (_name, form) => {
    const fixture = await open()
    fixture.simulator.script({ behaviour: { kind: 'raw', ...form } })
    expect((await fixture.chat({ stream: true })).status).toBe(200)
    await fixture.stop()
    expect(fixture.ledger.records).toMatchObject([{ source: 'estimate', endState: 'finished' }])
    expect(costOf(fixture)).toEqual([inputOf({ stream: true }) + 4 * TOKENS])
  })
})

describe('a report of usage', () => {
  const report = (usage: object) => `data: ${JSON.stringify({ id: 'c', choices: [], usage })}\n\n`
  const real = { prompt_tokens: 30, completion_tokens: 160, prompt_cache_hit_tokens: 20 }

  it('is used although a report of zero follows', async () => {
    const fixture = await open()
    const zero = report({ prompt_tokens: 0, completion_tokens: 0 })
    const chunks = [event({ content: TEXT }), report(real), zero, done]
    fixture.simulator.script({ behaviour: { kind: 'raw', headers: sse, chunks } })
    const { text } = await fixture.chat({ stream: true })
    expect(text).not.toContain('usage')
    await fixture.stop()
    expect(fixture.ledger.records).toMatchObject([
      { source: 'upstream', usage: { input: 30, cachedInput: 20, output: 160 } },
    ])
  })

  it('with more cached tokens than input tokens is clamped to the input', async () => {
    const fixture = await open()
    const usage = { prompt_tokens: 10, completion_tokens: 160, cached_tokens: 900 }
    fixture.simulator.script({
      behaviour: { kind: 'raw', ...whole({ content: TEXT }, spaced, { usage }) },
    })
    await fixture.chat()
    await fixture.stop()
    expect(fixture.ledger.records).toMatchObject([{ usage: { input: 10, cachedInput: 10 } }])
  })
})

describe('a truncated stream', () => {
  const contents = pieces(TEXT, 35)

  it('cut by the upstream is charged up to the cut, including the prompt', async () => {
    const fixture = await open()
    const chunks = contents.slice(0, 19).map((content) => event({ content }, spaced))
    fixture.simulator.script({ behaviour: { kind: 'raw', headers: sse, chunks, ending: 'reset' } })
    await fixture.chat({ stream: true })
    await fixture.stop()
    expect(fixture.ledger.records).toMatchObject([
      { source: 'estimate', endState: 'cut-by-upstream', usage: { output: Math.ceil(665 / 4) } },
    ])
    expect(costOf(fixture)).toEqual([inputOf({ stream: true }) + 4 * Math.ceil(665 / 4)])
  })

  it('cut by a caller is charged by what was sent before the cut', async () => {
    const fixture = await open()
    const chunks = contents.slice(0, 19).map((content) => event({ content }, spaced))
    fixture.simulator.script({ behaviour: { kind: 'raw', headers: sse, chunks, ending: 'hang' } })
    await readThenLeave(fixture, (text) => text.split('data: ').length > 19)
    await until(() => fixture.rows.length > 0 || fixture.ledger.records.length > 0)
    await fixture.stop()
    expect(fixture.ledger.records).toMatchObject([
      { source: 'estimate', endState: 'cut-by-caller', usage: { output: Math.ceil(665 / 4) } },
    ])
  })
})

/** Requests a stream, and disconnects once `isEnough` accepts what was read. */
function readThenLeave({ url }: Fixture, isEnough: (text: string) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${url}/v1/chat/completions`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${APIKEY}`, 'content-type': 'application/json' },
      },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (more: string) => {
          text += more
          if (!isEnough(text)) return
          answer.destroy()
          resolve()
        })
        answer.on('error', reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end(JSON.stringify({ ...question, stream: true }))
  })
}
