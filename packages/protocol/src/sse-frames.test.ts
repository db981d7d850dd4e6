import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { createSseParser, encodeSse } from './sse.ts'
import { SseFrames } from './sse-frames.ts'

/** Splits bytes at the given offsets. */
function cut(bytes: Buffer, offsets: number[]): Buffer[] {
  const ends = [...offsets.map((offset) => offset % (bytes.length + 1)), bytes.length].toSorted(
    (a, b) => a - b,
  )
  // Copies, so that no test depends on the bytes after a chunk.
  return ends.map((end, at) => Buffer.from(bytes.subarray(at === 0 ? 0 : ends[at - 1], end)))
}

function read(chunks: Buffer[]) {
  const frames = new SseFrames()
  const seen = chunks.flatMap((chunk) =>
    frames.push(chunk).map(({ bytes, start, end, ...facts }) => ({
      ...facts,
      text: bytes.toString('utf8', start, end),
    })),
  )
  const last = frames.end()
  return last ? [...seen, { ...last, text: '' }] : seen
}

const line = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => `data: ${text}`),
  fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => `data:${text}`),
  fc.constantFrom(': comment', 'event: note', 'id: 1', 'retry: 5', 'data', '', 'x: y', 'datax: z'),
)
const text = fc
  .array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n')), { maxLength: 30 })
  .map((lines) => lines.map(([one, end]) => one.replaceAll(/[\r\n]/g, '') + end).join(''))
const offsets = fc.array(fc.nat(), { maxLength: 30 })

describe('splitting a stream into events', () => {
  it('yields the events of the standard, with any line ends and in any chunks', () => {
    fc.assert(
      fc.property(text, offsets, fc.boolean(), (text, offsets, marked) => {
        const bytes = Buffer.from(marked ? `\u{feff}${text}` : text)
        const parser = createSseParser()
        const expected = parser.push(bytes)
        const last = parser.end()
        if (last) expected.push(last)
        const seen = read(cut(bytes, offsets)).filter(({ data }) => data !== '')
        expect(seen.map(({ data, event }) => ({ data, event }))).toEqual(
          expected
            .filter(({ data }) => data !== '')
            .map(({ data, event }) => ({ data, event: event === '' ? undefined : event })),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('returns plain events as the received bytes when they are in one chunk', () => {
    const events = [encodeSse({ data: '{"a":1}' }), encodeSse({ data: '{"b":"é"}' })]
    const seen = read([Buffer.from(events.join(''))])
    expect(seen.map(({ text, plain }) => [text, plain])).toEqual(events.map((one) => [one, true]))
  })

  it('never marks events with more than one data line as plain', () => {
    const others = ['data: 1\r\n\r\n', 'event: a\ndata: 1\n\n', 'data: 1\ndata: 2\n\n', ': a\n\n']
    for (const other of others) {
      expect(read([Buffer.from(other)])).toMatchObject([{ plain: false }])
    }
  })

  it('reads a long event in many small chunks in linear time', () => {
    const frames = new SseFrames()
    const piece = Buffer.alloc(1_000, 0x61)
    frames.push(Buffer.from('data: '))
    for (let count = 0; count < 8_000; count += 1) frames.push(piece)
    const [frame] = frames.push(Buffer.from('\n\n'))
    expect(frame?.data).toHaveLength(8_000_000)
  })

  it('refuses an event above the size limit', () => {
    const frames = new SseFrames({ eventBytesMax: 100 })
    frames.push(Buffer.from(`data: ${'x'.repeat(60)}`))
    expect(() => frames.push(Buffer.from('x'.repeat(60)))).toThrow(/too long/)
    const lines = new SseFrames({ eventBytesMax: 100 })
    expect(() => lines.push(Buffer.from('data: 12345678\n'.repeat(10)))).toThrow(/too long/)
  })
})
