import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { StreamMeter } from './meter-stream.ts'
import { lastEventEnd, meterStream } from './meter-stream.ts'

const chunk = (content: string, more: object = {}) =>
  `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason: null }], ...more })}\n\n`
const finish = `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null })}\n\n`
const used = (prompt_tokens: number, completion_tokens: number) => ({
  prompt_tokens,
  completion_tokens,
})
const usageEvent = `data: ${JSON.stringify({ id: 'c', choices: [], usage: used(11, 7) })}\n\n`
const done = 'data: [DONE]\n\n'

const words = [
  'Hello',
  ' "usage":{"prompt_tokens":1}',
  ' \\ back',
  ' {"choices":[],"usage":{}}',
  ' ü😀\n\n',
]
const body = [': hi\n\n', ...words.map((word) => chunk(word, { usage: null })), finish]
const stream = [...body, usageEvent, done].join('')
const without = [...body, done].join('')

function run(meter: StreamMeter, chunks: Buffer[]): Buffer {
  const passed = [...chunks.map((one) => meter.push(one)), meter.flush()]
  return Buffer.concat(passed.filter((one) => one !== undefined))
}

function cut(bytes: Buffer, places: number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  )
  return ends.map((end, at) => bytes.subarray(at === 0 ? 0 : ends[at - 1], end))
}

const places = fc.array(fc.nat(), { maxLength: 30 })
const lineEnds = fc.constantFrom('\n', '\r\n')

describe('metering a stream', () => {
  it('passes the very same bytes, and reads usage, however the stream was cut', () => {
    fc.assert(
      fc.property(places, lineEnds, (places, lineEnd) => {
        const bytes = Buffer.from(stream.replaceAll('\n\n', lineEnd + lineEnd))
        const meter = meterStream({ stream: true, hideUsage: false })
        expect(run(meter, cut(bytes, places)).equals(bytes)).toBe(true)
        expect(meter.usage).toEqual({ kind: 'tokens', input: 11, cachedInput: 0, output: 7 })
        expect(meter.endedProperly()).toBe(true)
      }),
    )
  })

  it('hides exactly the usage event that nobody asked for, however the stream was cut', () => {
    fc.assert(
      fc.property(places, lineEnds, (places, lineEnd) => {
        const inForm = (text: string) => text.replaceAll('\n\n', lineEnd + lineEnd)
        const meter = meterStream({ stream: true, hideUsage: true })
        const passed = run(meter, cut(Buffer.from(inForm(stream)), places))
        expect(passed.toString()).toBe(inForm(without))
        expect(meter.usage?.output).toBe(7)
        expect(meter.endedProperly()).toBe(true)
      }),
    )
  })

  it('never lets a part of the hidden event slip out before the rest of it came', () => {
    const bytes = Buffer.from(stream)
    const meter = meterStream({ stream: true, hideUsage: true })
    let passed = ''
    for (let at = 0; at < bytes.length; at += 1) {
      passed += meter.push(bytes.subarray(at, at + 1))?.toString() ?? ''
      expect(without.startsWith(passed)).toBe(true)
    }
    expect(passed).toBe(without)
  })

  it('does not hide usage that comes with words', () => {
    const both = chunk('last', { usage: used(3, 2) }) + done
    const meter = meterStream({ stream: true, hideUsage: true })
    expect(run(meter, [Buffer.from(both)]).toString()).toBe(both)
    expect(meter.usage).toMatchObject({ input: 3, output: 2 })
  })

  it('hands on a last event that no blank line ended', () => {
    const meter = meterStream({ stream: true, hideUsage: true })
    expect(run(meter, [Buffer.from('data: {"x":1}')]).toString()).toBe('data: {"x":1}')
  })

  it('takes the last of several reports, and no lie', () => {
    const meter = meterStream({ stream: true, hideUsage: false })
    meter.push(Buffer.from(chunk('a', { usage: used(5, 1) })))
    meter.push(Buffer.from(chunk('b', { usage: used(5, 2) })))
    meter.push(Buffer.from(chunk('c', { usage: used(-5, 1e308) })))
    expect(meter.usage).toMatchObject({ input: 5, output: 2 })
  })

  it('passes a read that ends with an event as the very same buffer', () => {
    const read = Buffer.from(chunk('a') + chunk('b'))
    expect(meterStream({ stream: true, hideUsage: false }).push(read)).toBe(read)
    expect(meterStream({ stream: true, hideUsage: true }).push(read)).toBe(read)
  })

  it('passes a document as it came, whatever it holds', () => {
    const meter = meterStream({ stream: false, hideUsage: false })
    const piece = Buffer.from('{"usage":{"prompt_tokens"')
    expect(meter.push(piece)).toBe(piece)
    expect(meter.flush()).toBeUndefined()
  })

  it('reads usage of a whole answer, spaces and details included', () => {
    const details = { prompt_tokens_details: { cached_tokens: 4, note: '}"{' } }
    const answer = JSON.stringify({ choices: [], usage: { ...used(9, 1), ...details } }, null, 2)
    const meter = meterStream({ stream: false, hideUsage: false })
    for (const piece of cut(Buffer.from(answer), [20, 33, 50, 61, 70, 90])) meter.push(piece)
    expect(meter.usage).toEqual({ kind: 'tokens', input: 9, cachedInput: 4, output: 1 })
  })

  it('does not let an endless event fill the memory', () => {
    const meter = meterStream({ stream: true, hideUsage: true })
    const piece = Buffer.alloc(64 * 1024, 0x61)
    let passed = 0
    for (let count = 0; count < 100; count += 1) passed += meter.push(piece)?.length ?? 0
    expect(100 * piece.length - passed).toBeLessThanOrEqual(1024 * 1024)
  })
})

describe('the end of a stream', () => {
  const ended = (...chunks: string[]) => {
    const meter = meterStream({ stream: true, hideUsage: false })
    for (const one of chunks) meter.push(Buffer.from(one))
    return meter.endedProperly()
  }

  it('is proper after [DONE] or a reason to finish, in one piece or in many', () => {
    expect(ended(chunk('a'), done)).toBe(true)
    expect(ended(chunk('a'), finish)).toBe(true)
    expect(ended(chunk('a'), finish, usageEvent)).toBe(true)
    expect(ended(...chunk('a'), ...done)).toBe(true)
  })

  it('is a cut without them, whatever the words say', () => {
    expect(ended(chunk('a'), chunk('b'))).toBe(false)
    expect(ended(chunk('"finish_reason":"stop"'), chunk('data: [DONE'))).toBe(false)
    expect(ended('')).toBe(false)
  })
})

describe('the estimate of what was written', () => {
  it('is near a quarter of the bytes of the words, for answers of any length', () => {
    const meter = meterStream({ stream: true, hideUsage: false })
    for (let count = 0; count < 5_000; count += 1) meter.push(Buffer.from(chunk(' eight8!')))
    expect(meter.estimateOutput()).toBeGreaterThan(9_900)
    expect(meter.estimateOutput()).toBeLessThan(10_100)
  })

  it('is nothing for an answer that said nothing', () => {
    const meter = meterStream({ stream: true, hideUsage: false })
    meter.push(Buffer.from(chunk('') + finish))
    expect(meter.estimateOutput()).toBe(0)
  })
})

it('an event ends with a blank line of either kind', () => {
  expect(lastEventEnd(Buffer.from('data: 1\n\ndata: 2\n'))).toBe(9)
  expect(lastEventEnd(Buffer.from('data: 1\r\n\r\ndata'))).toBe(11)
  expect(lastEventEnd(Buffer.from('data: 1\n'))).toBe(0)
  expect(lastEventEnd(Buffer.from('\n\n'))).toBe(2)
})
