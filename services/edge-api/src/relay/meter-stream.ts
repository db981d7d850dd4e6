/**
 * Watches a chat answer pass: what it reports to have used, whether it came to its end, and how much
 * it said, should nobody report. Bytes are searched, not parsed: only the usage object itself is.
 *
 * Quotes inside JSON strings are escaped, so `"usage"` with both its quotes is always a name.
 */
import type { TokenUsage } from '@sluice/contracts/usage'
import { readChatUsage } from '@sluice/protocol/chat-usage'

/** An object or event that grows beyond this is none of ours, and passes unread. */
const HELD_BYTES_MAX = 1024 * 1024
const USAGE_BYTES_MAX = 16 * 1024
/** How much of an answer's end is looked at for its terminal. */
const TAIL_BYTES = 1_024
/** How much of an answer is searched for words; the rest is judged by its length. */
const SAMPLE_BYTES = 4 * 1024
const BYTES_PER_TOKEN = 4

const USAGE = Buffer.from('"usage"')
const CONTENT = Buffer.from('content":"')
const ARGUMENTS = Buffer.from('arguments":"')
const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

export interface AnswerMeterOptions {
  /** Server-sent events; else one JSON document. */
  stream: boolean
  /** Leave out the event that has usage and no choices: the caller did not ask for it. */
  hideUsage: boolean
}

export interface StreamMeter {
  /**
   * The bytes to pass on now. Of a document, all of them; of a stream, whole events only, so that a
   * comment or an error of ours may follow at any time.
   */
  push(chunk: Buffer): Buffer | undefined
  /** What is still held back, at the end of the stream. */
  flush(): Buffer | undefined
  /** The last usage that was reported and can be true. */
  readonly usage: TokenUsage | undefined
  /** True when the stream said that it is complete: `[DONE]`, or a reason to finish. */
  endedProperly(): boolean
  /** Tokens that were written, by what was seen. */
  estimateOutput(): number
}

export function meterStream({ stream, hideUsage }: AnswerMeterOptions): StreamMeter {
  return stream ? new EventMeter(hideUsage) : new DocumentMeter()
}

/** Passes every chunk on as it came: the same buffer. */
class DocumentMeter implements StreamMeter {
  usage: TokenUsage | undefined
  protected held: Buffer | undefined
  private tail: Buffer[] = []
  private tailBytes = 0
  private seenBytes = 0
  private sampledBytes = 0
  private sampledTokens = 0

  push(chunk: Buffer): Buffer | undefined {
    this.watch(chunk)
    const bytes = this.held ? Buffer.concat([this.held, chunk]) : chunk
    this.held = this.readUsage(bytes)
    return chunk
  }

  flush(): Buffer | undefined {
    return undefined
  }

  endedProperly(): boolean {
    const tail = Buffer.concat(this.tail).toString('latin1')
    return /(^|\n)data: ?\[DONE\]/.test(tail) || /"finish_reason": ?"/.test(tail)
  }

  estimateOutput(): number {
    if (this.sampledBytes === 0) return 0
    return Math.ceil((this.sampledTokens * this.seenBytes) / this.sampledBytes)
  }

  protected watch(chunk: Buffer): void {
    this.seenBytes += chunk.length
    if (this.sampledBytes < SAMPLE_BYTES) {
      this.sampledBytes += chunk.length
      this.sampledTokens += tokensSaid(chunk, CONTENT) + tokensSaid(chunk, ARGUMENTS)
    }
    this.tail.push(chunk)
    this.tailBytes += chunk.length
    let first = this.tail[0]
    while (first && this.tailBytes - first.length >= TAIL_BYTES) {
      this.tailBytes -= first.length
      this.tail.shift()
      first = this.tail[0]
    }
  }

  /** Reads every usage object that is complete; returns what may be the beginning of one. */
  private readUsage(bytes: Buffer): Buffer | undefined {
    for (let at = bytes.indexOf(USAGE); at !== -1; at = bytes.indexOf(USAGE, at + USAGE.length)) {
      const start = valueAfter(bytes, at + USAGE.length)
      if (start === undefined) return keep(bytes, at, USAGE_BYTES_MAX)
      if (bytes[start] !== OPEN_BRACE) continue
      const end = endOfObject(bytes, start)
      if (end === -1) return keep(bytes, at, USAGE_BYTES_MAX)
      this.usage = readChatUsage(parse(bytes.subarray(start, end))) ?? this.usage
    }
    // Most chunks end with an event, and a name cannot go over its end.
    if (bytes[bytes.length - 1] === LF) return undefined
    return bytes.subarray(Math.max(0, bytes.length - USAGE.length + 1))
  }
}

/** Passes whole events on, all of them or without the one that only reports usage. */
class EventMeter extends DocumentMeter {
  private readonly hideUsage: boolean

  constructor(hideUsage: boolean) {
    super()
    this.hideUsage = hideUsage
  }

  override push(chunk: Buffer): Buffer | undefined {
    const bytes = this.held ? Buffer.concat([this.held, chunk]) : chunk
    const end = bytes.length > HELD_BYTES_MAX ? bytes.length : lastEventEnd(bytes)
    this.held = end === bytes.length ? undefined : bytes.subarray(end)
    if (end === 0) return undefined
    return this.pass(end === bytes.length ? bytes : bytes.subarray(0, end))
  }

  override flush(): Buffer | undefined {
    const rest = this.held
    this.held = undefined
    return rest && this.pass(rest)
  }

  private pass(events: Buffer): Buffer | undefined {
    this.watch(events)
    const pieces: Buffer[] = []
    let passed = 0
    for (let at = events.indexOf(USAGE); at !== -1; at = events.indexOf(USAGE, at + USAGE.length)) {
      const value = valueAfter(events, at + USAGE.length)
      if (value === undefined || events[value] !== OPEN_BRACE) continue
      const start = lastEventEnd(events.subarray(0, at))
      const end = firstEventEnd(events, at)
      const event = eventObject(events.subarray(start, end))
      this.usage = readChatUsage(event?.usage) ?? this.usage
      const isReport = Array.isArray(event?.choices) && event.choices.length === 0
      if (this.hideUsage && isReport && start >= passed) {
        if (start > passed) pieces.push(events.subarray(passed, start))
        passed = end
      }
      at = Math.max(at, end - USAGE.length)
    }
    if (passed === 0) return events
    if (passed < events.length) pieces.push(events.subarray(passed))
    return pieces.length === 0 ? undefined : Buffer.concat(pieces)
  }
}

/** What follows a name's colon; undefined when that is not there yet. Not a colon: the place itself. */
function valueAfter(bytes: Buffer, from: number): number | undefined {
  const colon = skipSpace(bytes, from)
  if (bytes[colon] !== COLON) return colon < bytes.length ? colon : undefined
  const value = skipSpace(bytes, colon + 1)
  return value < bytes.length ? value : undefined
}

function skipSpace(bytes: Buffer, from: number): number {
  let at = from
  while (bytes[at] === 0x20 || bytes[at] === LF || bytes[at] === CR || bytes[at] === 0x09) at += 1
  return at
}

/** Behind the brace that closes the object; -1 when it is not there yet. */
function endOfObject(bytes: Buffer, start: number): number {
  let depth = 0
  let inString = false
  for (let at = start; at < bytes.length; at += 1) {
    const code = bytes[at]
    if (inString) {
      if (code === BACKSLASH) at += 1
      else if (code === QUOTE) inString = false
    } else if (code === QUOTE) inString = true
    else if (code === OPEN_BRACE) depth += 1
    else if (code === CLOSE_BRACE && (depth -= 1) === 0) return at + 1
  }
  return -1
}

function keep(bytes: Buffer, from: number, bytesMax: number): Buffer | undefined {
  return bytes.length - from > bytesMax ? undefined : bytes.subarray(from)
}

/** Behind the last blank line; 0 when no event has ended. */
export function lastEventEnd(bytes: Buffer): number {
  for (let at = bytes.lastIndexOf(LF); at > 0; at = bytes.lastIndexOf(LF, at - 1)) {
    if (bytes[at - 1] === LF || (bytes[at - 1] === CR && bytes[at - 2] === LF)) return at + 1
  }
  return 0
}

function firstEventEnd(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(LF, from); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === LF) return at + 2
    if (bytes[at + 1] === CR && bytes[at + 2] === LF) return at + 3
  }
  return bytes.length
}

function eventObject(event: Buffer): { choices?: unknown; usage?: unknown } | undefined {
  const value = parse(event.subarray(event.indexOf(OPEN_BRACE)))
  return typeof value === 'object' && value !== null ? value : undefined
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString())
  } catch {
    // Not JSON is no usage: the estimate stands in.
    return undefined
  }
}

function tokensSaid(chunk: Buffer, name: Buffer): number {
  let tokens = 0
  for (let at = chunk.indexOf(name); at !== -1; at = chunk.indexOf(name, at)) {
    const start = at + name.length
    const end = chunk.indexOf(QUOTE, start)
    at = end === -1 ? chunk.length : end
    if (at > start) tokens += Math.ceil((at - start) / BYTES_PER_TOKEN)
  }
  return tokens
}
