import { afterEach, describe, expect, it } from 'vitest'

import { data, delta, done, events, said, sse } from './bad-upstream.ts'
import type { Fixture } from './fixture.ts'
import { question, createFixture } from './fixture.ts'

let here: Fixture | undefined
const open = async () => (here = await createFixture())
afterEach(async () => {
  await here?.close()
  here = undefined
})

const json = { 'content-type': 'application/json' }
const TEXT = 'a'.repeat(700)
const TOKENS = 175
const zero = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
const real = { prompt_tokens: 20, completion_tokens: 170, total_tokens: 190 }
const words = delta({ content: TEXT })
const stop = delta({}, 'stop')
const report = (usage: unknown, choices: unknown[] = []) =>
  data({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm', choices, usage })
const wholeAnswer = (usage: unknown) => ({ headers: json, chunks: [said(TEXT, 'stop', { usage })] })
const streamed = (...chunks: string[]) => ({ headers: sse, chunks: [...chunks, done] })

interface Usage {
  prompt_tokens: number
  completion_tokens: number
  total_tokens: number
}

/** What one call shows last, and what is recorded for it. */
async function call(behaviour: object, ask: object) {
  const { chat, simulator, ledger, stop: settle } = await open()
  simulator.script({ behaviour: { kind: 'raw', ...behaviour } } as never)
  const { status, text } = await chat(ask)
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
  ['no token of prompt', wholeAnswer({ ...real, prompt_tokens: 0 }), {}],
  ['zeros in an event of their own', streamed(words, stop, report(zero)), stream],
  [
    'zeros beside the reason to finish',
    streamed(words, report(zero, [{ index: 0, delta: {}, finish_reason: 'stop' }])),
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
    'a report before most of the words',
    streamed(delta({ content: 'a' }), report({ ...real, completion_tokens: 1 }), words, stop),
    stream,
  ],
  ['zeros in a stream for a whole answer', streamed(words, stop, report(zero)), {}],
  ['zeros in a whole answer for a stream', wholeAnswer(zero), stream],
]

describe('a report that cannot be true', () => {
  it.each(false_)('is shown as what is charged, and marked: %s', async (_name, behaviour, ask) => {
    const { usage, sluice, record } = await call(behaviour, ask)
    const { input, output } = record.usage as { input: number; output: number }
    expect(record.source).toBe('estimate')
    expect(Math.abs(output - TOKENS)).toBeLessThanOrEqual(TOKENS * 0.15)
    expect(usage).toMatchObject({
      prompt_tokens: input,
      completion_tokens: output,
      total_tokens: input + output,
    })
    expect(sluice).toEqual({ usage_source: 'estimate' })
  })

  it('after the true one is shown as the true one', async () => {
    const behaviour = streamed(words, stop, report(real), report(zero))
    const { usage, sluice, record } = await call(behaviour, stream)
    expect(record).toMatchObject({ source: 'upstream', usage: { input: 20, output: 170 } })
    expect(usage).toEqual(real)
    expect(sluice).toBeUndefined()
  })
})

describe('all else passes byte by byte', () => {
  it.each([
    ['a report that fits', wholeAnswer({ ...real, cost: 1e-7 }), {}],
    ['a whole answer without one', wholeAnswer(undefined), {}],
    ['hidden reasoning', wholeAnswer({ ...real, completion_tokens: 9_000 }), {}],
    ['an event that fits', streamed(words, stop, report({ ...real, x: 1.0 })), stream],
    ['a stream without one', streamed(words, stop), stream],
    [
      'nulls beside every chunk',
      streamed(report(null, [{ index: 0, delta: { content: TEXT } }]), stop, report(real)),
      stream,
    ],
  ])('%s', async (_name, behaviour, ask) => {
    const { text } = await call(behaviour, ask)
    expect(text).toBe(behaviour.chunks.join(''))
  })
})

it('where no usage is reported, pictures, sounds and files of the prompt count by the piece', async () => {
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
  const [none = 0, one = 0, two = 0, heard = 0, read = 0] = inputs
  expect(none).toBeLessThan(50)
  expect(one - none).toBeGreaterThan(900)
  expect(one - none).toBeLessThan(1_100)
  expect(two - one).toBeGreaterThan(900)
  expect(heard - none).toBeGreaterThan(100)
  expect(heard - none).toBeLessThan(400)
  expect(read - none).toBeGreaterThan(500)
  expect(read - none).toBeLessThan(1_500)
})
