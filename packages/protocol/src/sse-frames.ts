import { AppError } from '@sluice/kernel/app-error'

const LF = 0x0a
const CR = 0x0d
const COLON = 0x3a
const SPACE = 0x20
const BOM = [0xef, 0xbb, 0xbf] as const
const DATA = Buffer.from('data:')

/** Maximum size of one event, which may contain a picture or audio. */
const EVENT_BYTES_MAX = 32 * 1024 * 1024

/** An event of a stream, and its position in the received buffer. */
export interface SseFrame {
  /** The data lines, joined by line feeds; empty without data. */
  data: string
  /** The event type; undefined means `message`. */
  event: string | undefined
  /** The buffer that contains the event from `start` to `end`. */
  bytes: Buffer
  start: number
  end: number
  /** True for exactly one data line and a blank line, both ended by LF: can be relayed unchanged. */
  plain: boolean
}

/**
 * Splits a stream of server-sent events (HTML standard §9.2.6) into events without copying, for a relay that
 * reads each event and relays most of them unchanged. Lines end with LF, CR or CRLF; a chunk may end
 * anywhere. Comments and fields other than `data` and `event` yield an event without data.
 */
export class SseFrames {
  private readonly eventBytesMax: number
  /** Bytes of incomplete events; the space after `heldEnd` is free for the next chunk. */
  private held: Buffer | undefined
  private heldEnd = 0
  /**
   * Offsets in the held bytes: where the search for the next line break starts, and where its line starts.
   */
  private searched = 0
  private lineStart = 0
  private begun = false
  private skipFeed = false
  private data: string[] = []
  private event: string | undefined

  constructor({ eventBytesMax = EVENT_BYTES_MAX }: { eventBytesMax?: number } = {}) {
    this.eventBytesMax = eventBytesMax
  }

  /** The events that these bytes complete. Throws `upstream_failed` for an event that is too long. */
  push(chunk: Buffer): SseFrame[] {
    const bytes = this.append(chunk)
    const frames: SseFrame[] = []
    let start = this.begun ? 0 : this.skipMark(bytes)
    if (!this.begun) return frames
    this.lineStart = Math.max(this.lineStart, start)
    if (this.skipFeed && this.lineStart < bytes.length) start = this.skipLineFeed(bytes, start)
    for (;;) {
      const frame = this.nextFrame(bytes, start)
      if (!frame) break
      frames.push(frame)
      start = frame.end
    }
    this.keep(bytes, start)
    return frames
  }

  /** The last event of a stream without a final blank line, which the standard would drop. */
  end(): SseFrame | undefined {
    const bytes = this.held?.subarray(0, this.heldEnd) ?? Buffer.alloc(0)
    if (this.lineStart < bytes.length) this.takeLine(bytes, this.lineStart, bytes.length)
    this.held = undefined
    const { data, event } = this
    this.data = []
    this.event = undefined
    if (data.length === 0) return undefined
    return { data: data.join('\n'), event, bytes, start: 0, end: bytes.length, plain: false }
  }

  private append(chunk: Buffer): Buffer {
    const { held, heldEnd } = this
    if (!held) return chunk
    const length = heldEnd + chunk.length
    if (length <= held.length) chunk.copy(held, heldEnd)
    else {
      // Doubles the capacity, so that a long event in small chunks is not copied for each chunk.
      const larger = Buffer.allocUnsafeSlow(length * 2)
      held.copy(larger, 0, 0, heldEnd)
      chunk.copy(larger, heldEnd)
      this.held = larger
    }
    this.heldEnd = length
    return (this.held ?? held).subarray(0, length)
  }

  private keep(bytes: Buffer, start: number): void {
    const rest = bytes.length - start
    if (rest > this.eventBytesMax) throw tooLong()
    this.searched = bytes.length - start
    this.lineStart -= start
    if (rest === 0) {
      this.held = undefined
      this.heldEnd = 0
    } else {
      this.held = this.held ? this.held.subarray(start) : bytes.subarray(start)
      this.heldEnd = rest
    }
  }

  /** Offset after a byte order mark; holds back bytes that may be the start of one. */
  private skipMark(bytes: Buffer): number {
    const length = Math.min(BOM.length, bytes.length)
    let same = 0
    while (same < length && bytes[same] === BOM[same]) same += 1
    if (same === bytes.length && same < BOM.length) {
      this.held = Buffer.from(bytes)
      this.heldEnd = bytes.length
      return 0
    }
    this.begun = true
    return same === BOM.length ? same : 0
  }

  /** Skips the LF of a CRLF split between two chunks; returns the start of the event. */
  private skipLineFeed(bytes: Buffer, start: number): number {
    this.skipFeed = false
    const { lineStart } = this
    if (bytes[lineStart] !== LF) return start
    this.lineStart += 1
    return start === lineStart ? start + 1 : start
  }

  /** The event that begins at `start`, if it is complete. Continues the previous search. */
  private nextFrame(bytes: Buffer, start: number): SseFrame | undefined {
    const isFresh = this.lineStart === start && this.data.length === 0 && !this.event
    const plain = isFresh ? this.plainFrame(bytes, start) : undefined
    if (plain) return plain
    for (;;) {
      const from = Math.max(this.lineStart, this.searched)
      const lineEnd = lineBreak(bytes, from)
      if (lineEnd === -1) return undefined
      let next = lineEnd + 1
      if (bytes[lineEnd] === CR) {
        if (bytes[next] === LF) next += 1
        else if (next === bytes.length) this.skipFeed = true
      }
      const isBlank = lineEnd === this.lineStart
      if (!isBlank) this.takeLine(bytes, this.lineStart, lineEnd)
      this.lineStart = next
      this.searched = 0
      if (isBlank) return this.endFrame(bytes, start, next)
      if (next - start > this.eventBytesMax) throw tooLong()
    }
  }

  /** A plain event, `data: …` and a blank line, found by one search. */
  private plainFrame(bytes: Buffer, start: number): SseFrame | undefined {
    if (!startsWithData(bytes, start)) return undefined
    const feed = bytes.indexOf(LF, Math.max(start, this.searched))
    if (feed === -1 || bytes[feed + 1] !== LF || bytes[feed - 1] === CR) return undefined
    const valueStart = bytes[start + 5] === SPACE ? start + 6 : start + 5
    // A lone CR ends a line as well.
    const carriage = bytes.subarray(valueStart, feed).indexOf(CR)
    if (carriage !== -1) return undefined
    const end = feed + 2
    this.lineStart = end
    this.searched = 0
    const data = bytes.toString('utf8', valueStart, feed)
    return { data, event: undefined, bytes, start, end, plain: true }
  }

  private takeLine(bytes: Buffer, start: number, end: number): void {
    const line = bytes.subarray(start, end)
    const colon = line.indexOf(COLON)
    if (colon === 0) return
    const name = line.toString('latin1', 0, colon === -1 ? line.length : colon)
    if (name !== 'data' && name !== 'event') return
    const from = line[colon + 1] === SPACE ? colon + 2 : colon + 1
    const value = colon === -1 ? '' : line.toString('utf8', from)
    if (name === 'data') this.data.push(value)
    else this.event = value === '' ? undefined : value
  }

  private endFrame(bytes: Buffer, start: number, end: number): SseFrame {
    const { data, event } = this
    this.data = []
    this.event = undefined
    return { data: data.join('\n'), event, bytes, start, end, plain: false }
  }
}

function startsWithData(bytes: Buffer, at: number): boolean {
  for (let index = 0; index < DATA.length; index += 1) {
    if (bytes[at + index] !== DATA[index]) return false
  }
  return true
}

/** The next CR or LF; CR is searched only before the next LF, so that bytes are searched once. */
function lineBreak(bytes: Buffer, from: number): number {
  const feed = bytes.indexOf(LF, from)
  const end = feed === -1 ? bytes.length : feed
  const carriage = bytes.subarray(from, end).indexOf(CR)
  return carriage === -1 ? feed : from + carriage
}

function tooLong(): AppError {
  return new AppError('upstream_failed', 'The upstream sent an event that is too long.')
}
