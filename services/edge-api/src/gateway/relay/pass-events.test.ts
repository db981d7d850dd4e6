import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { ChatMeter } from './chat-meter.ts'
import { EventPasser } from './pass-events.ts'

const chunk = (content: string, more: object = {}) =>
  `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: { content }, finish_reason: null }], ...more })}\n\n`
const finish = `data: ${JSON.stringify({ id: 'c', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage: null })}\n\n`
const used = (prompt_tokens: number, completion_tokens: number) => ({
  prompt_tokens,
  completion_tokens,
})
const usageEvent = `data: ${JSON.stringify({ id: 'c', choices: [], usage: used(11, 7) })}\n\n`
const done = 'data: [DONE]\n\n'

const contents = [
  'Hello',
  ' "usage":{"prompt_tokens":1}',
  ' \\ back',
  ' {"choices":[],"usage":{}}',
  ' ü😀\n\n',
]
const body = [...contents.map((content) => chunk(content, { usage: null })), finish]
const stream = [...body, usageEvent, done].join('')
const without = [...body, done].join('')

function passer(hideUsage = true) {
  const meter = new ChatMeter()
  return { meter, passer: new EventPasser({ meter, hideUsage, promptTokensMax: 400 }) }
}

function run({ passer }: { passer: EventPasser }, chunks: Buffer[]): string {
  const passed = [...chunks.map((one) => passer.push(one)), passer.end()]
  return Buffer.concat(passed.filter((one) => one !== undefined)).toString()
}

function cut(bytes: Buffer, offsets: number[]): Buffer[] {
  const ends = [...offsets.map((offset) => offset % (bytes.length + 1)), bytes.length].toSorted(
    (a, b) => a - b,
  )
  return ends.map((end, at) => bytes.subarray(at === 0 ? 0 : ends[at - 1], end))
}

const offsets = fc.array(fc.nat(), { maxLength: 30 })
const lineEnds = fc.constantFrom('\n', '\r\n', '\r')

describe('relaying a stream', () => {
  it('relays the same events, and reads usage, however the stream was chunked', () => {
    fc.assert(
      fc.property(offsets, lineEnds, fc.boolean(), (offsets, lineEnd, hideUsage) => {
        const bytes = Buffer.from(`: hi\n\n${stream}`.replaceAll('\n\n', lineEnd + lineEnd))
        const one = passer(hideUsage)
        expect(run(one, cut(bytes, offsets))).toBe(hideUsage ? without : stream)
        expect(one.meter.usage).toEqual({ kind: 'tokens', input: 11, cachedInput: 0, output: 7 })
        expect(one.passer.over).toBe('done')
      }),
    )
  })

  it('never relays a part of the hidden event before it is complete', () => {
    const bytes = Buffer.from(stream)
    const one = passer()
    let passed = ''
    for (let at = 0; at < bytes.length; at += 1) {
      passed += one.passer.push(bytes.subarray(at, at + 1))?.toString() ?? ''
      expect(without.startsWith(passed)).toBe(true)
    }
    expect(passed).toBe(without)
  })

  it('does not hide usage in an event with content', () => {
    const both = chunk('last', { usage: used(3, 2) }) + done
    const one = passer()
    expect(run(one, [Buffer.from(both)])).toBe(both)
    expect(one.meter.usage).toMatchObject({ input: 3, output: 2 })
  })

  it('relays a chunk that consists of complete events as the same buffer', () => {
    const read = Buffer.from(chunk('a') + chunk('b'))
    const { passer: one } = passer()
    one.push(Buffer.from(chunk('first')))
    expect(one.push(read)).toBe(read)
  })

  it('holds back the role event until the first content, up to a bounded number of bytes', () => {
    const { passer: one } = passer()
    const role = Buffer.from(chunk(''))
    expect(one.push(role)).toBeUndefined()
    expect(one.push(Buffer.from(chunk('a')))?.toString()).toBe(chunk('') + chunk('a'))
    const { passer: other } = passer()
    let held = 0
    for (let passed: Buffer | undefined; passed === undefined; held += role.length) {
      passed = other.push(role)
    }
    expect(held).toBeLessThan(300 * 1024)
  })

  it('converts whole messages inside a stream into deltas', () => {
    const message = { role: 'assistant', content: 'hello' }
    const whole = { id: 'c', choices: [{ index: 0, message, finish_reason: 'stop' }] }
    const passed = run(passer(), [Buffer.from(`data: ${JSON.stringify(whole)}\n\n`)])
    expect(passed).toContain('"delta":{"role":"assistant","content":"hello"}')
    expect(passed.endsWith(done)).toBe(true)
  })
})

describe('the end of a stream', () => {
  const ended = (...chunks: string[]) => {
    const one = passer()
    run(
      one,
      chunks.map((text) => Buffer.from(text)),
    )
    const { over } = one.passer
    return typeof over === 'object' ? over.reason : over
  }

  it('is complete after [DONE] or a finish reason, in one chunk or in many', () => {
    expect(ended(chunk('a'), done)).toBe('done')
    expect(ended(chunk('a'), finish)).toBe('done')
    expect(ended(chunk('a'), finish, usageEvent)).toBe('done')
    expect(ended(...chunk('a'), ...done)).toBe('done')
    expect(ended(chunk(''), finish, done)).toBe('done')
  })

  it('is a truncation without them, whatever the content is', () => {
    expect(ended(chunk('a'), chunk('b'))).toBe('truncated')
    expect(ended(chunk('"finish_reason":"stop"'), chunk('data: [DONE'))).toBe('truncated')
  })

  it('is a truncation while one of several choices is unfinished', () => {
    const second = `data: ${JSON.stringify({ choices: [{ index: 1, delta: { content: 'b' } }] })}\n\n`
    expect(ended(chunk('a'), second, finish)).toBe('truncated')
  })

  it('is empty without content, with or without [DONE]', () => {
    expect(ended('')).toBe('empty')
    expect(ended(chunk(''))).toBe('empty')
    expect(ended(chunk(''), done)).toBe('empty')
    expect(ended(usageEvent, done)).toBe('empty')
  })
})
