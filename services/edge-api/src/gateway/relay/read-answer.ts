import { CompletionAssembler } from '@sluice/protocol/chat/assemble-completion'
import { isObject } from '@sluice/protocol/chat/chat-object'
import { completionChunks } from '@sluice/protocol/chat/completion-chunks'
import { encodeSse, SSE_DONE } from '@sluice/protocol/sse'

import type { ChatMeter } from './chat-meter.ts'
import { EventPasser } from './pass-events.ts'
import type { BadEvent, ReadEvent } from './read-events.ts'
import { bad, endWithoutDone, FrameSource, readEvent, readObject } from './read-events.ts'
import { ShownUsage } from './shown-usage.ts'

/** Maximum size of a response that is buffered as a whole. */
const WHOLE_BYTES_MAX = 32 * 1024 * 1024
/** Bytes that are read of a body that is neither JSON nor an event stream. */
const OTHER_BYTES_MAX = 64 * 1024

/** Reads the body of a successful response. Returned bytes are for the caller. */
export interface AnswerReader {
  push(chunk: Buffer): Buffer | undefined
  /** At the end of the body. A buffered response is returned here, in one piece. */
  end(): Buffer | undefined
  /** How the response ended, once it has; always set after `end`. */
  readonly over: 'done' | BadEvent | undefined
}

export interface ReadAnswerOptions {
  meter: ChatMeter
  /** The caller requested a stream. */
  stream: boolean
  /** Leave out the usage-only event, because the caller did not request it. */
  hideUsage: boolean
  /** The caller requested usage in the stream. */
  includeUsage: boolean
  /** Maximum number of prompt tokens. */
  promptTokensMax: number
}

/**
 * Detects the format of a response from its content, not its content type, and converts it when the caller
 * requested the other format: an event stream into one JSON object, or one JSON object into an event stream.
 */
export function readAnswer(options: ReadAnswerOptions): AnswerReader {
  return new FormatReader(options)
}

/** Selects the reader by the first byte of the body. */
class FormatReader implements AnswerReader {
  private readonly options: ReadAnswerOptions
  private reader: AnswerReader | undefined
  private bytes = 0

  constructor(options: ReadAnswerOptions) {
    this.options = options
  }

  get over(): 'done' | BadEvent | undefined {
    if (this.reader) return this.reader.over
    return this.bytes > OTHER_BYTES_MAX ? bad('broken') : undefined
  }

  push(chunk: Buffer): Buffer | undefined {
    if (this.reader) return this.reader.push(chunk)
    const start = startOf(chunk)
    // Some servers send white space as a keep-alive.
    if (start === -1) {
      this.bytes += chunk.length
      return undefined
    }
    this.reader = readerFor(chunk[start], this.options)
    return this.reader.push(start === 0 ? chunk : chunk.subarray(start))
  }

  end(): Buffer | undefined {
    this.reader ??= new OtherReader('empty')
    return this.reader.end()
  }
}

const OPEN_BRACE = 0x7b
const OPEN_BRACKET = 0x5b
/** First bytes of event stream lines: data, event, id, retry, and comments. */
const eventLines: ReadonlySet<number> = new Set(Buffer.from('deir:'))

function readerFor(first: number | undefined, options: ReadAnswerOptions): AnswerReader {
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return new JsonReader(options)
  if (first === undefined || !eventLines.has(first)) return new OtherReader('broken')
  return options.stream ? new EventPasser(options) : new EventCollector(options)
}

/** Index of the first byte after white space and a byte order mark; -1 when there is none. */
function startOf(chunk: Buffer): number {
  return chunk.findIndex((byte) => byte > 0x20 && byte !== 0xef && byte !== 0xbb && byte !== 0xbf)
}

/** One JSON object. */
class JsonReader implements AnswerReader {
  over: 'done' | BadEvent | undefined
  private readonly options: ReadAnswerOptions
  private readonly chunks: Buffer[] = []
  private bytes = 0

  constructor(options: ReadAnswerOptions) {
    this.options = options
  }

  push(chunk: Buffer): undefined {
    this.chunks.push(chunk)
    this.bytes += chunk.length
    if (this.bytes > WHOLE_BYTES_MAX) this.over = bad('too-large')
  }

  end(): Buffer | undefined {
    const [only] = this.chunks
    const body = only && this.chunks.length === 1 ? only : Buffer.concat(this.chunks)
    const { meter, stream, includeUsage } = this.options
    const value = parse(body)
    const one: unknown = Array.isArray(value) ? value[0] : value
    const event = isObject(one) ? readObject(one, meter) : bad('broken')
    if (event.kind !== 'chunk') {
      this.over = event.kind === 'bad' ? event : bad(event.kind === 'usage' ? 'empty' : 'broken')
      return undefined
    }
    // No dialect wraps a completion in an array; Google's wraps errors.
    if (event.value !== value) this.over = bad('broken')
    else if (meter.progress.hasContent || meter.progress.isFinished) this.over = 'done'
    else this.over = bad('empty')
    if (this.over !== 'done') return undefined
    const corrected = new ShownUsage(this.options).corrected(event.value)
    if (stream) return asStream(corrected ?? event.value, includeUsage)
    return corrected ? Buffer.from(JSON.stringify(corrected)) : body
  }
}

function asStream(completion: Record<string, unknown>, includeUsage: boolean): Buffer {
  const chunks = completionChunks(completion, { includeUsage })
  const events = chunks.map((chunk) => encodeSse({ data: JSON.stringify(chunk) }))
  return Buffer.from(events.join('') + SSE_DONE)
}

/** Converts an event stream into one JSON object. */
class EventCollector implements AnswerReader {
  over: 'done' | BadEvent | undefined
  private readonly meter: ChatMeter
  private readonly source = new FrameSource()
  private readonly shown: ShownUsage
  private readonly assembler = new CompletionAssembler()
  private bytes = 0

  constructor(options: ReadAnswerOptions) {
    this.meter = options.meter
    this.shown = new ShownUsage(options)
  }

  push(chunk: Buffer): Buffer | undefined {
    this.bytes += chunk.length
    for (const frame of this.source.push(chunk)) this.take(frame)
    const isTooLarge = this.source.tooLong || this.bytes > WHOLE_BYTES_MAX
    if (isTooLarge) this.over ??= bad('too-large')
    return this.completion()
  }

  end(): Buffer | undefined {
    if (this.over) return undefined
    const last = this.source.end()
    if (last) this.take(last)
    if (!this.over) this.finish(endWithoutDone(this.meter))
    return this.completion()
  }

  private take(frame: { data: string; event: string | undefined }): void {
    if (this.over) return
    const event = readEvent(frame, this.meter)
    if (event.kind === 'chunk' || event.kind === 'usage') this.assembler.add(event.value)
    else this.finish(event)
  }

  private finish(event: ReadEvent): void {
    if (event.kind === 'bad') this.over = event
    else if (event.kind === 'done') this.over = 'done'
  }

  private completion(): Buffer | undefined {
    if (this.over !== 'done') return undefined
    const completion = this.assembler.completion()
    return Buffer.from(JSON.stringify(this.shown.corrected(completion) ?? completion))
  }
}

/** A body in no known format, for example HTML, plain text, or empty. */
class OtherReader implements AnswerReader {
  over: 'done' | BadEvent | undefined
  private readonly reason: 'empty' | 'broken'
  private bytes = 0

  constructor(reason: 'empty' | 'broken') {
    this.reason = reason
  }

  push(chunk: Buffer): undefined {
    this.bytes += chunk.length
    if (this.bytes > OTHER_BYTES_MAX) this.over = bad(this.reason)
  }

  end(): undefined {
    this.over ??= bad(this.reason)
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    // Not JSON: reported as broken.
    return undefined
  }
}
