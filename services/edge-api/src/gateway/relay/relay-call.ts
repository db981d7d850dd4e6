/**
 * The raw relay: an upstream's response is written to the caller's socket as undici reads it, without web
 * streams and without a promise per chunk (docs/adr/0007). Nothing is relayed before the first content, so
 * that an unusable response can be returned to the caller of this function for another attempt.
 */
import type { IncomingHttpHeaders } from 'node:http'

import { isAppError } from '@sluice/kernel/app-error'
import { SSE_CONTENT_TYPE } from '@sluice/protocol/sse'
import type { RawCall } from '@sluice/upstreams/upstream'
import type { Dispatcher } from 'undici'

import type { UnusableReason, RelayEnd } from '../relay-end.ts'
import type { AnswerSink, AnswerSource } from './answer-sink.ts'
import { AnswerStopped } from './answer-sink.ts'
import { ChatMeter } from './chat-meter.ts'
import type { AnswerDecoder } from './decode-answer.ts'
import { decodeAnswer } from './decode-answer.ts'
import type { AnswerReader } from './read-answer.ts'
import { readAnswer } from './read-answer.ts'
import { passedHeaders } from './response-headers.ts'

/** Bytes that are read of an error response; enough for any envelope. */
const ERROR_BODY_BYTES_MAX = 64 * 1024
/** Bytes read after the end of a response to reuse the connection; beyond that it is closed. */
const TRAILING_BYTES_MAX = 64 * 1024
/** Timeout of a stream's head; reasoning models send it before they reason. */
const STREAM_HEAD_MS_MAX = 120_000
/** Idle timeout inside a stream. Models may reason for minutes. */
const SILENCE_MS_MAX = 300_000

export interface RelayInput {
  dispatcher: Dispatcher
  call: RawCall
  body: Buffer
  sink: AnswerSink
  /** Leave out the usage-only event, because the caller did not request it. */
  hideUsage: boolean
  /** The caller requested usage in the stream. */
  includeUsage: boolean
  /** Maximum number of prompt tokens. */
  promptTokensMax: number
}

/** Sends the call and relays its response. Never rejects: every outcome is a `RelayEnd`. */
export function relayCall(input: RelayInput): Promise<RelayEnd> {
  return new Promise((resolve) => {
    const { origin, path, method, headers } = input.call
    // For a non-streamed response the sink's deadline suffices, which saves two timers per call.
    const { stream } = input.sink
    const relay = new Relay(input, resolve)
    // Until the request is dispatched, the relay itself is the source that can be aborted.
    input.sink.attach(relay)
    if (relay.over) return
    try {
      input.dispatcher.dispatch(
        {
          origin,
          path,
          method,
          headers,
          body: input.body,
          headersTimeout: stream ? STREAM_HEAD_MS_MAX : 0,
          bodyTimeout: stream ? SILENCE_MS_MAX : 0,
        },
        relay,
      )
    } catch (error) {
      relay.onResponseError(undefined, asError(error))
    }
  })
}

class Relay implements Dispatcher.DispatchHandler, AnswerSource {
  private readonly input: RelayInput
  private readonly sink: AnswerSink
  private readonly resolve: (end: RelayEnd) => void
  private controller: Dispatcher.DispatchController | undefined
  private headersSeen = false
  /** The upstream has sent its whole response. */
  private received = false
  over = false
  private status = 0
  private headers: IncomingHttpHeaders = {}
  /** Body of an error response; a successful response has a reader. */
  private chunks: Buffer[] = []
  private bytes = 0
  private trailingBytes = 0
  private reader: AnswerReader | undefined
  private decoder: AnswerDecoder | undefined
  private readonly meter = new ChatMeter()

  constructor(input: RelayInput, resolve: (end: RelayEnd) => void) {
    this.input = input
    this.sink = input.sink
    this.resolve = resolve
  }

  pause(): void {}
  resume(): void {}

  abort(reason: Error): void {
    this.onResponseError(undefined, reason)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller
    if (this.over) controller.abort(new Error('the request was aborted'))
    else this.sink.attach(controller)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200 || this.over) return
    this.headersSeen = true
    this.status = status
    this.headers = headers
    if (status < 300) {
      const { hideUsage, includeUsage, promptTokensMax, sink } = this.input
      const { meter } = this
      const { stream } = sink
      this.reader = readAnswer({ meter, stream, hideUsage, includeUsage, promptTokensMax })
    }
    const contentEncoding = headers['content-encoding']
    if (contentEncoding !== undefined) this.decode(controller, contentEncoding)
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.over) return this.skip(controller, chunk)
    if (this.decoder) this.decoder.push(chunk)
    else this.take(chunk)
  }

  onResponseEnd(): void {
    this.received = true
    if (this.over) return
    if (this.decoder) this.decoder.end()
    else this.takeEnd()
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.over) return
    const { headersSeen, relayedMeter: meter } = this
    const by = error instanceof AnswerStopped ? error.end : this.sink.stopped
    if (by) return this.finish({ kind: 'stopped', by, meter })
    this.finish({ kind: 'connection-error', error, headersSeen, meter })
  }

  /** The meter, if any content was relayed. */
  private get relayedMeter(): ChatMeter | undefined {
    return this.sink.bodyStarted ? this.meter : undefined
  }

  private decode(controller: Dispatcher.DispatchController, contentEncoding: string): void {
    const { sink } = this
    this.decoder = decodeAnswer(
      { compressed: controller, contentEncoding },
      {
        onData: (chunk) => {
          if (!this.over) this.take(chunk)
        },
        onEnd: () => {
          if (!this.over) this.takeEnd()
        },
        onError: (error) => {
          if (this.over) return
          if (isAppError(error, 'upstream_failed')) this.refuse('broken')
          else this.onResponseError(undefined, asError(error))
        },
      },
    )
    sink.attach(this.decoder)
  }

  private take(chunk: Buffer): void {
    const { reader } = this
    if (!reader) return this.collect(chunk)
    this.deliver(reader, () => reader.push(chunk))
  }

  private takeEnd(): void {
    const { reader } = this
    if (!reader) return this.finish(this.answered())
    this.deliver(reader, () => reader.end())
  }

  private deliver(reader: AnswerReader, read: () => Buffer | undefined): void {
    let bytes: Buffer | undefined
    try {
      bytes = read()
    } catch (error) {
      // JSON nested too deeply for the stack.
      if (!(error instanceof RangeError)) throw error
      return this.refuse('broken')
    }
    if (bytes) this.pass(bytes)
    if (reader.over) this.end(reader.over)
  }

  private pass(bytes: Buffer): void {
    const { sink, headers } = this
    if (sink.stream) {
      if (!sink.begun) sink.begin(200, SSE_CONTENT_TYPE, passedHeaders(headers))
      return sink.write(bytes)
    }
    // A whole response is sent in one write with its length.
    const sized = ['content-length', String(bytes.length)]
    sink.begin(200, 'application/json', [...passedHeaders(headers), ...sized])
    sink.end(bytes)
  }

  private end(how: NonNullable<AnswerReader['over']>): void {
    if (how !== 'done') return this.refuse(how.reason, how.text)
    if (this.sink.stream) this.sink.end()
    this.finish({ kind: 'delivered', meter: this.meter })
  }

  private refuse(reason: UnusableReason, text = ''): void {
    const { headers, relayedMeter: meter, controller } = this
    this.finish({ kind: 'unusable', reason, headers, text, meter })
    // The rest of the response is useless.
    if (!this.received) controller?.abort(new Error('the rest of an unusable response is not read'))
  }

  private collect(chunk: Buffer): void {
    this.chunks.push(chunk)
    this.bytes += chunk.length
    if (this.bytes < ERROR_BODY_BYTES_MAX) return
    this.finish(this.answered())
    this.controller?.abort(new Error('the rest of an error response is not read'))
  }

  /** Discards bytes after the end of the response, so that the connection can be reused. */
  private skip(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.trailingBytes += chunk.length
    if (this.trailingBytes > TRAILING_BYTES_MAX)
      controller.abort(new Error('too many trailing bytes'))
  }

  private answered(): RelayEnd {
    const { status, headers } = this
    return { kind: 'error-status', status, headers, body: Buffer.concat(this.chunks) }
  }

  private finish(end: RelayEnd): void {
    this.over = true
    this.sink.attach(undefined)
    this.resolve(end)
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
