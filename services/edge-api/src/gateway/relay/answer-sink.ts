import type { ServerResponse } from 'node:http'

import type { Clock } from '@sluice/kernel/clock'
import { SSE_CONTENT_TYPE, SSE_KEEP_ALIVE } from '@sluice/protocol/sse'

/** A caller who reads nothing for this long is disconnected. */
const STALLED_MS_MAX = 60_000
/** Interval of keep-alive comments on an idle stream; proxies and clients time out without data. */
const KEEP_ALIVE_MS = 10_000

const ONE_BUFFER_BYTES_MAX = 16 * 1024

/** The producer of a response: it can be paused and aborted. */
export interface AnswerSource {
  pause(): void
  resume(): void
  abort(reason: Error): void
}

/** Receives a copy of the response, for repeats with the same Idempotency-Key. */
export interface AnswerCopy {
  begin(status: number, contentType: string): void
  add(bytes: Uint8Array): void
}

export type SinkEnd = 'caller-gone' | 'late'

/** The reason with which a source is aborted. */
export class AnswerStopped extends Error {
  override readonly name = 'AnswerStopped'
  readonly end: SinkEnd
  constructor(end: SinkEnd) {
    super(end)
    this.end = end
  }
}

export interface SinkOptions {
  outgoing: ServerResponse
  requestId: string
  /** The caller requested server-sent events. */
  stream: boolean
  /** Deadline of the response, by the wall clock. */
  deadlineMs: number
  clock: Clock
  copy: AnswerCopy | undefined
}

/** The caller's side of a response: head, body, backpressure, keep-alive, deadline, disconnect. */
export class AnswerSink {
  readonly outgoing: ServerResponse
  readonly stream: boolean
  /** The head was written: the status cannot be changed any more. */
  begun = false
  /** Body bytes other than keep-alives were written. */
  bodyStarted = false
  /** Set when the response cannot be completed. */
  stopped: SinkEnd | undefined
  firstByteAtMs: number | undefined
  /** Set by the sweep. */
  index: number | undefined
  private readonly requestId: string
  private readonly deadlineMs: number
  private readonly clock: Clock
  private readonly copy: AnswerCopy | undefined
  private source: AnswerSource | undefined
  private ended = false
  private gone = false
  private pausedSinceMs: number | undefined
  private lastWriteAtMs: number
  private last: Uint8Array | undefined

  constructor({ outgoing, requestId, stream, deadlineMs, clock, copy }: SinkOptions) {
    this.outgoing = outgoing
    this.requestId = requestId
    this.stream = stream
    this.deadlineMs = deadlineMs
    this.clock = clock
    this.copy = copy
    this.lastWriteAtMs = clock.nowMs()
    if (outgoing.destroyed) this.onClosed()
    outgoing.on('close', () => this.onClosed())
  }

  /**
   * Sets the current source; undefined for none. Aborts or pauses it at once when the sink is stopped or
   * paused.
   */
  attach(source: AnswerSource | undefined): void {
    this.source = source
    if (this.stopped) source?.abort(new AnswerStopped(this.stopped))
    else if (this.pausedSinceMs !== undefined) source?.pause()
  }

  /** Writes the head; `headers` is a flat list of names and values. Later calls are ignored. */
  begin(status: number, contentType: string, headers: readonly string[] = []): void {
    if (this.begun) return
    this.begun = true
    this.firstByteAtMs = this.clock.nowMs()
    this.copy?.begin(status, contentType)
    if (this.gone) return
    const head = ['content-type', contentType, 'x-request-id', this.requestId, ...headers]
    // Prevents nginx in front from buffering the stream.
    if (this.stream) head.push('cache-control', 'no-cache', 'x-accel-buffering', 'no')
    this.outgoing.writeHead(status, head)
  }

  /** Writes body bytes, after the head if it was not written yet. */
  write(bytes: Uint8Array): void {
    this.ensureBegun()
    this.bodyStarted = true
    this.copy?.add(bytes)
    if (this.gone) return
    this.last = bytes
    this.lastWriteAtMs = this.clock.nowMs()
    if (this.outgoing.write(bytes) || this.pausedSinceMs !== undefined) return
    this.pausedSinceMs = this.lastWriteAtMs
    this.source?.pause()
    this.outgoing.once('drain', () => this.drained())
  }

  /** Ends the response; a whole body is sent in one write. */
  end(bytes?: Uint8Array): void {
    this.ensureBegun()
    if (bytes) {
      this.bodyStarted = true
      this.copy?.add(bytes)
    }
    this.ended = true
    if (this.gone) return
    // As a latin1 string, head and body are sent in one buffer with one system call.
    if (bytes instanceof Buffer && bytes.length <= ONE_BUFFER_BYTES_MAX) {
      this.outgoing.end(bytes.toString('latin1'), 'latin1')
    } else this.outgoing.end(bytes)
  }

  /** Ends a failed stream with an error event. */
  endWithError(event: string): void {
    this.ensureBegun()
    // An incomplete event before it would absorb the first line of this one.
    const bytes = Buffer.from(this.isBetweenEvents() ? event : `\n\n${event}`)
    this.ended = true
    this.copy?.add(bytes)
    if (!this.gone) this.outgoing.end(bytes)
  }

  /** Aborts an incomplete non-streamed response by closing the connection. */
  abortResponse(): void {
    this.ended = true
    this.outgoing.destroy()
  }

  /** Called about once a second. */
  tick(nowMs: number): void {
    if (this.ended || this.stopped) return
    if (nowMs >= this.deadlineMs) return this.stop('late')
    if (this.pausedSinceMs !== undefined) {
      if (nowMs - this.pausedSinceMs >= STALLED_MS_MAX) this.outgoing.destroy()
      return
    }
    if (this.stream && nowMs - this.lastWriteAtMs >= KEEP_ALIVE_MS) this.keepAlive()
  }

  private keepAlive(): void {
    if (this.gone || !this.isBetweenEvents()) return
    this.ensureBegun()
    this.lastWriteAtMs = this.clock.nowMs()
    this.outgoing.write(SSE_KEEP_ALIVE)
  }

  private ensureBegun(): void {
    if (!this.begun) this.begin(200, this.stream ? SSE_CONTENT_TYPE : 'application/json')
  }

  private isBetweenEvents(): boolean {
    const { last } = this
    if (last === undefined) return true
    const [beforeLast, end] = [last.at(-2), last.at(-1)]
    // A single line feed in its own chunk may end an event or a line: treated as not between events.
    return end === 0x0a && (beforeLast === 0x0a || (beforeLast === 0x0d && last.at(-3) === 0x0a))
  }

  private drained(): void {
    this.pausedSinceMs = undefined
    this.source?.resume()
  }

  private onClosed(): void {
    if (this.gone) return
    this.gone = true
    this.pausedSinceMs = undefined
    // A copied response is completed despite the disconnect, since the caller may repeat the request.
    if (this.ended) return
    if (this.copy) this.source?.resume()
    else this.stop('caller-gone')
  }

  private stop(end: SinkEnd): void {
    this.stopped = end
    this.source?.abort(new AnswerStopped(end))
  }
}
