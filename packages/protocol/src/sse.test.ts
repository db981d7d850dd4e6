import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { createSseParser, encodeSse } from './sse.ts'

const parse = (...chunks: Uint8Array[]) => {
  const parser = createSseParser()
  return chunks.flatMap((chunk) => parser.push(chunk))
}

/** Splits bytes at the given offsets. */
function cut(bytes: Uint8Array, offsets: number[]): Uint8Array[] {
  const ends = [...offsets.map((offset) => offset % (bytes.length + 1)), bytes.length].sort(
    (a, b) => a - b,
  )
  let start = 0
  return ends.map((end) => {
    const piece = bytes.subarray(start, end)
    start = end
    return piece
  })
}

const oneLine = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
  .filter((text) => !/[\r\n\0]/.test(text) && !text.startsWith('\u{feff}'))
const event = fc.record(
  { event: oneLine, id: oneLine, data: fc.string({ unit: 'grapheme', maxLength: 80 }) },
  { requiredKeys: ['data'] },
)

describe('reading a stream of events', () => {
  it('yields the same events however the stream is split into chunks', () => {
    const offsets = fc.array(fc.nat(), { maxLength: 12 })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 6 }), offsets, (events, offsets) => {
        const bytes = Buffer.from(events.map((one) => encodeSse(one)).join(''))
        const seen = parse(...cut(bytes, offsets))
        const sent = events.map((one) => ({
          event: one.event,
          id: one.id,
          data: one.data.replace(/\r\n|\r/g, '\n'),
        }))
        expect(seen).toEqual(sent)
      }),
    )
  })

  it('accepts LF, CR and CRLF as line ends, also a CRLF split between chunks', () => {
    for (const end of ['\n', '\r', '\r\n']) {
      const text = `: comment${end}event: a${end}data: 1${end}data: 2${end}${end}data: 3${end}${end}`
      const whole = Buffer.from(text)
      const byByte = cut(
        whole,
        whole.toJSON().data.map((_, at) => at),
      )
      const expected = [
        { event: 'a', id: undefined, data: '1\n2' },
        { event: undefined, id: undefined, data: '3' },
      ]
      expect(parse(whole)).toEqual(expected)
      expect(parse(...byByte)).toEqual(expected)
    }
  })

  it('skips a byte order mark, comments, and events without data', () => {
    const bytes = Buffer.from('\u{feff}: hello\n\nevent: ping\n\ndata\n\nretry: 10\ndata:x\n\n')
    expect(parse(bytes).map(({ data }) => data)).toEqual(['', 'x'])
  })

  it('reports a pending event at the end of a stream', () => {
    const parser = createSseParser()
    parser.push(Buffer.from('data: 1\n\n'))
    expect(parser.pending()).toBe(false)
    parser.push(Buffer.from('data: 2\n'))
    expect(parser.pending()).toBe(true)
  })

  it('returns the last event without a blank line from end()', () => {
    for (const rest of ['data: 2', 'data: 2\n', 'data: 2\r']) {
      const parser = createSseParser()
      parser.push(Buffer.from(`data: 1\n\n${rest}`))
      expect(parser.end()).toEqual({ event: undefined, id: undefined, data: '2' })
      expect(parser.end()).toBeUndefined()
      expect(parser.pending()).toBe(false)
    }
    const parser = createSseParser()
    parser.push(Buffer.from('data: 1\n\n: comment'))
    expect(parser.end()).toBeUndefined()
  })

  it('refuses an event above the size limit', () => {
    const parser = createSseParser({ eventCharsMax: 100 })
    parser.push(Buffer.from(`data: ${'x'.repeat(60)}`))
    expect(() => parser.push(Buffer.from('x'.repeat(60)))).toThrow(/too long/)
    const lines = createSseParser({ eventCharsMax: 100 })
    expect(() => lines.push(Buffer.from('data: 12345678\n'.repeat(10)))).toThrow(/too long/)
  })
})

describe('writing an event', () => {
  it('cannot inject a second event through its data', () => {
    const tricky = fc.string({ unit: 'binary', maxLength: 60 })
    fc.assert(
      fc.property(tricky, (data) => {
        const seen = parse(Buffer.from(encodeSse({ data, event: 'note' })))
        expect(seen).toHaveLength(1)
        expect(seen[0]?.event).toBe('note')
      }),
    )
  })

  it('refuses line breaks and NUL in event types and ids', () => {
    for (const name of ['a\nb', 'a\rb', 'a\0b']) {
      expect(() => encodeSse({ event: name, data: '' })).toThrow(/one line/)
      expect(() => encodeSse({ id: name, data: '' })).toThrow(/one line/)
    }
  })
})
