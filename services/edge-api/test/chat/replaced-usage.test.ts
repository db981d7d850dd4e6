import { afterEach, describe, expect, it } from 'vitest'

import { completion, data, delta, done, events, sse } from './bad-upstream.ts'
import type { Fixture } from './fixture.ts'
import { question, createFixture } from './fixture.ts'

let current: Fixture | undefined
const open = async () => (current = await createFixture())
afterEach(async () => {
  await current?.close()
  current = undefined
})

const json = { 'content-type': 'application/json' }
const TEXT = 'a'.repeat(700)
const TOKENS = 175
const zero = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
const real = { prompt_tokens: 20, completion_tokens: 170, total_tokens: 190 }
const contents = delta({ content: TEXT })
const stop = delta({}, 'stop')
const report = (usage: unknown, choices: unknown[] = []) =>
  data({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices, usage })
const wholeAnswer = (usage: unknown) => ({
  headers: json,
  chunks: [completion(TEXT, 'stop', { usage })],
})
const streamed = (...chunks: string[]) => ({ headers: sse, chunks: [...chunks, done] })

interface Usage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
}

/** Makes one call; returns the usage shown to the caller and the usage recorded. */
async function call(behaviour: object, body: object) {
  const { chat, simulator, ledger, stop: settle } = await open()
  simulator.script({ behaviour: { kind: 'raw', ...behaviour } } as never)
  const { status, text } = await chat(body)
  expect(status, text).toBe(200)
  const isStream = text.startsWith('data:')
  const objects = isStream
    ? events(text).flatMap(({ data }) => (data === '[DONE]' ? [] : [JSON.parse(data)]))
    : [JSON.parse(text)]
  const shown = objects.filter(({ usage }) => usage).at(-1)
  await settle()
  const [record] = ledger.records
  if (record?.usage.kind !== 'tokens') throw new Error('nothing was recorded')
  return { text, usage: shown?.usage as Usage | undefined, sluice: shown?.sluice, record }
}

const stream = { stream: true, stream_options: { include_usage: true } }
const false_: [string, object, object][] = [
  ['zeros in a whole answer', wholeAnswer(zero), {}],
  ['a negative count in a whole answer', wholeAnswer({ ...real, completion_tokens: -1 }), {}],
  ['counts as text', wholeAnswer({ prompt_tokens: '20', completion_tokens: '1' }), {}],
  ['no prompt tokens', wholeAnswer({ ...real, prompt_tokens: 0 }), {}],
  ['zeros in a separate event', streamed(contents, stop, report(zero)), stream],
  [
    'zeros beside the finish_reason',
    streamed(contents, report(zero, [{ index: 0, delta: {}, finish_reason: 'stop' }])),
    stream,
  ],
  [
    'one token beside every chunk',
    streamed(
      report({ ...zero, completion_tokens: 1 }, [{ index: 0, delta: { content: TEXT } }]),
      stop,
    ),
    stream,
  ],
  [
    'a report before most of the content',
    streamed(delta({ content: 'a' }), report({ ...real, completion_tokens: 1 }), contents, stop),
    stream,
  ],
  ['zeros in a stream for a whole answer', streamed(contents, stop, report(zero)), {}],
  ['zeros in a whole answer for a stream', wholeAnswer(zero), stream],
]

describe('an impossible usage report', () => {
  it.each(false_)(
    'is replaced by the charged usage and marked: %s',
    async (_name, behaviour, body) => {
      const { usage, sluice, record } = await call(behaviour, body)
      const { input, output } = record.usage as { input: number; output: number }
      expect(record.source).toBe('estimate')
      expect(Math.abs(output - TOKENS)).toBeLessThanOrEqual(TOKENS * 0.15)
      expect(usage).toMatchObject({
        prompt_tokens: input,
        completion_tokens: output,
        total_tokens: input + output,
      })
      expect(sluice).toEqual({ usage_source: 'estimate' })
    },
  )

  it('after a plausible report is replaced by that report', async () => {
    const behaviour = streamed(contents, stop, report(real), report(zero))
    const { usage, sluice, record } = await call(behaviour, stream)
    expect(record).toMatchObject({ source: 'upstream', usage: { input: 20, output: 170 } })
    expect(usage).toEqual(real)
    expect(sluice).toBeUndefined()
  })
})

describe('everything else passes byte for byte', () => {
  it.each([
    ['a report that fits', wholeAnswer({ ...real, cost: 1e-7 }), {}],
    ['a whole answer without one', wholeAnswer(undefined), {}],
    ['hidden reasoning', wholeAnswer({ ...real, completion_tokens: 9_000 }), {}],
    ['an event that fits', streamed(contents, stop, report({ ...real, x: 1.0 })), stream],
    ['a stream without one', streamed(contents, stop), stream],
    [
      'nulls beside every chunk',
      streamed(report(null, [{ index: 0, delta: { content: TEXT } }]), stop, report(real)),
      stream,
    ],
  ])('%s', async (_name, behaviour, body) => {
    const { text } = await call(behaviour, body)
    expect(text).toBe(behaviour.chunks.join(''))
  })
})

it('without reported usage, images, audio and files in the prompt are estimated per item', async () => {
  const { chat, simulator, ledger, stop: settle } = await open()
  simulator.script({ times: null, behaviour: { kind: 'raw', ...wholeAnswer(undefined) } } as never)
  const png = Buffer.from('\x89PNG\r\n\x1a\n'.padEnd(60_000, '\0'), 'latin1').toString('base64')
  const picture = { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } }
  const wave = Buffer.from('RIFF....WAVE'.padEnd(320_000, '\0'), 'latin1').toString('base64')
  const sound = { type: 'input_audio', input_audio: { data: wave, format: 'wav' } }
  const pdf = Buffer.from('%PDF-1.7'.padEnd(8_192, ' '), 'latin1').toString('base64')
  const file = { type: 'file', file: { file_data: `data:application/pdf;base64,${pdf}` } }
  const text = { type: 'text', text: 'what is this?' }
  const inputs: number[] = []
  for (const parts of [[], [picture], [picture, picture], [sound], [file]]) {
    await chat({ ...question, messages: [{ role: 'user', content: [text, ...parts] }] })
  }
  await settle()
  for (const { usage } of ledger.records) if (usage.kind === 'tokens') inputs.push(usage.input)
  const [none = 0, one = 0, two = 0, audio = 0, document = 0] = inputs
  expect(none).toBeLessThan(50)
  expect(one - none).toBeGreaterThan(900)
  expect(one - none).toBeLessThan(1_100)
  expect(two - one).toBeGreaterThan(900)
  expect(audio - none).toBeGreaterThan(100)
  expect(audio - none).toBeLessThan(400)
  expect(document - none).toBeGreaterThan(500)
  expect(document - none).toBeLessThan(1_500)
})
