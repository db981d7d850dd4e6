import type { ServerResponse } from 'node:http'

import type { Clock } from '@sluice/kernel/clock'
import { SSE_CONTENT_TYPE, SSE_KEEP_ALIVE } from '@sluice/protocol/sse'

/** A caller who reads nothing for so long is gone, whatever their socket says. */
const STALLED_MS_MAX = 60_000
/** A stream that is silent for so long says that it lives; proxies and clients give up on silence. */
const KEEP_ALIVE_MS = 10_000

const ONE_BUFFER_BYTES_MAX = 16 * 1024

/** Whoever makes the answer: it can be made to wait, or to stop. */
export interface AnswerSource {
  pause(): void
  resume(): void
  abort(reason: Error): void
}

/** Keeps a copy of what is answered, for those who ask again. */
export interface AnswerCopy {
  begin(status: number, contentType: string): void
  add(bytes: Uint8Array): void
}

export type SinkEnd = 'caller-gone' | 'late'

/** Why a source was told to stop. */
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
  /** The caller asked for server-sent events. */
  stream: boolean
  /** By the wall clock; after this the answer is late. */
  deadlineMs: number
  clock: Clock
  copy: AnswerCopy | undefined
}

/** The caller's side of an answer: head, bytes, backpressure, silence, hanging up. */
export class AnswerSink {
  readonly outgoing: ServerResponse
  readonly stream: boolean
  /** The head is written: the status cannot be changed any more. */
  begun = false
  /** Bytes of the answer itself were written, not only keep-alives. */
  carried = false
  /** Set when the answer cannot be brought to its end. */
  stopped: SinkEnd | undefined
  firstByteAtMs: number | undefined
  /** Kept by the sweep. */
  place: number | undefined
  private readonly requestId: string
  private readonly deadlineMs: number
  private readonly clock: Clock
  private readonly copy: AnswerCopy | undefined
  private source: AnswerSource | undefined
  private ended = false
  private gone = false
  private pausedSinceMs: number | undefined
  private spokeAtMs: number
  private last: Uint8Array | undefined

  constructor({ outgoing, requestId, stream, deadlineMs, clock, copy }: SinkOptions) {
    this.outgoing = outgoing
    this.requestId = requestId
    this.stream = stream
    this.deadlineMs = deadlineMs
    this.clock = clock
    this.copy = copy
    this.spokeAtMs = clock.nowMs()
    if (outgoing.destroyed) this.hangUp()
    outgoing.on('close', () => this.hangUp())
  }

  /** The next source takes over; undefined when there is none now. Stops it at once if need be. */
  attach(source: AnswerSource | undefined): void {
    this.source = source
    if (this.stopped) source?.abort(new AnswerStopped(this.stopped))
    else if (this.pausedSinceMs !== undefined) source?.pause()
  }

  /** Writes the head; `headers` is a flat list of names and values. Once only, later calls are ignored. */
  begin(status: number, contentType: string, headers: readonly string[] = []): void {
    if (this.begun) return
    this.begun = true
    this.firstByteAtMs = this.clock.nowMs()
    this.copy?.begin(status, contentType)
    if (this.gone) return
    const head = ['content-type', contentType, 'x-request-id', this.requestId, ...headers]
    // Without this, nginx in front would gather a stream before it passes it on.
    if (this.stream) head.push('cache-control', 'no-cache', 'x-accel-buffering', 'no')
    this.outgoing.writeHead(status, head)
  }

  /** Passes bytes of the answer on; a head that was not written yet goes first. */
  write(bytes: Uint8Array): void {
    this.ensureBegun()
    this.carried = true
    this.copy?.add(bytes)
    if (this.gone) return
    this.last = bytes
    this.spokeAtMs = this.clock.nowMs()
    if (this.outgoing.write(bytes) || this.pausedSinceMs !== undefined) return
    this.pausedSinceMs = this.spokeAtMs
    this.source?.pause()
    this.outgoing.once('drain', () => this.drained())
  }

  /** Ends the answer; whole ones leave in one write with their length. */
  end(bytes?: Uint8Array): void {
    this.ensureBegun()
    if (bytes) {
      this.carried = true
      this.copy?.add(bytes)
    }
    this.ended = true
    if (this.gone) return
    // As text of one byte a character, head and body leave in one buffer and one system call.
    if (bytes instanceof Buffer && bytes.length <= ONE_BUFFER_BYTES_MAX) {
      this.outgoing.end(bytes.toString('latin1'), 'latin1')
    } else this.outgoing.end(bytes)
  }

  /** The end of a stream that is no success: never a clean one. */
  endWithError(event: string): void {
    this.ensureBegun()
    // An event that was cut would swallow the first line of this one.
    const bytes = Buffer.from(this.isBetweenEvents() ? event : `\n\n${event}`)
    this.ended = true
    this.copy?.add(bytes)
    if (!this.gone) this.outgoing.end(bytes)
  }

  /** The end of a whole answer that was cut: only a broken connection tells the truth. */
  breakOff(): void {
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
    if (this.stream && nowMs - this.spokeAtMs >= KEEP_ALIVE_MS) this.keepAlive()
  }

  private keepAlive(): void {
    if (this.gone || !this.isBetweenEvents()) return
    this.ensureBegun()
    this.spokeAtMs = this.clock.nowMs()
    this.outgoing.write(SSE_KEEP_ALIVE)
  }

  private ensureBegun(): void {
    if (!this.begun) this.begin(200, this.stream ? SSE_CONTENT_TYPE : 'application/json')
  }

  private isBetweenEvents(): boolean {
    const { last } = this
    if (last === undefined) return true
    const [beforeLast, end] = [last.at(-2), last.at(-1)]
    // A line feed that stands alone in its chunk may end an event or a line: not knowing is enough.
    return end === 0x0a && (beforeLast === 0x0a || (beforeLast === 0x0d && last.at(-3) === 0x0a))
  }

  private drained(): void {
    this.pausedSinceMs = undefined
    this.source?.resume()
  }

  private hangUp(): void {
    if (this.gone) return
    this.gone = true
    this.pausedSinceMs = undefined
    // With a copy to be kept the answer is brought to its end: the caller will ask for it again.
    if (this.ended) return
    if (this.copy) this.source?.resume()
    else this.stop('caller-gone')
  }

  private stop(end: SinkEnd): void {
    this.stopped = end
    this.source?.abort(new AnswerStopped(end))
  }
}
