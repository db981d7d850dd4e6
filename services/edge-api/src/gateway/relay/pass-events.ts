import { choicesOf } from '@sluice/protocol/chat/chat-object'
import { encodeSse, SSE_DONE } from '@sluice/protocol/sse'
import type { SseFrame } from '@sluice/protocol/sse-frames'

import type { ChatMeter } from './chat-meter.ts'
import type { BadEvent, ReadEvent } from './read-events.ts'
import { bad, endWithoutDone, FrameSource, readEvent } from './read-events.ts'
import { ShownUsage } from './shown-usage.ts'

/**
 * Bytes held back before the first content. An upstream that sends more without content is treated as
 * working, and no other one is tried.
 */
const HELD_BYTES_MAX = 256 * 1024

/**
 * Parses an upstream's stream and returns the bytes for the caller: plain events unchanged, others rewritten
 * as one data line. Unknown events are dropped, so that only parts of the completion are relayed. Nothing is
 * relayed before the first content: until then the attempt may still fail and be retried.
 */
export class EventPasser {
  /** How the stream ended, once it has. Later bytes are ignored. */
  over: 'done' | BadEvent | undefined
  private readonly source = new FrameSource()
  private readonly meter: ChatMeter
  private readonly hideUsage: boolean
  private readonly shown: ShownUsage
  private held: Buffer[] | undefined = []
  private heldBytes = 0
  private pieces: Buffer[] = []
  /** Adjacent events in the buffer of this push that are relayed unchanged. */
  private run: { bytes: Buffer; start: number; end: number } | undefined

  constructor(options: { meter: ChatMeter; hideUsage: boolean; promptTokensMax: number }) {
    this.meter = options.meter
    this.hideUsage = options.hideUsage
    this.shown = new ShownUsage(options)
  }

  /** Returns the bytes to relay now. */
  push(chunk: Buffer): Buffer | undefined {
    if (this.over) return undefined
    for (const frame of this.source.push(chunk)) {
      this.takeFrame(frame)
      if (this.over) break
    }
    if (this.source.tooLong) this.over ??= bad('too-large')
    return this.released()
  }

  /** The same at the end of the stream, which may lack the last blank line or `[DONE]`. */
  end(): Buffer | undefined {
    if (this.over) return undefined
    const last = this.source.end()
    if (last && isWhole(last.data)) this.takeFrame(last)
    if (!this.over) this.take(endWithoutDone(this.meter), undefined)
    return this.released()
  }

  private takeFrame(frame: SseFrame): void {
    this.take(readEvent(frame, this.meter), frame)
  }

  private take(event: ReadEvent, frame: SseFrame | undefined): void {
    switch (event.kind) {
      case 'chunk':
        if (event.hasContent) this.release()
        return this.addObject(event.value, frame)
      case 'usage':
        return this.hideUsage ? undefined : this.addObject(event.value, frame)
      case 'ignored':
        return
      case 'done':
        this.over = 'done'
        this.release()
        this.correctUsage()
        return this.addText(SSE_DONE)
      case 'bad':
        this.over = event
    }
  }

  private addObject(value: Record<string, unknown>, frame: SseFrame | undefined): void {
    const corrected = this.shown.corrected(value)
    if (lacksDelta(value)) return this.addText(withDeltas(corrected ?? value))
    if (corrected) return this.addText(encodeSse({ data: JSON.stringify(corrected) }))
    return this.add(frame)
  }

  private correctUsage(): void {
    const correction = this.shown.correction()
    if (correction) this.addText(encodeSse({ data: JSON.stringify(correction) }))
  }

  private add(frame: SseFrame | undefined): void {
    if (!frame) return
    const { bytes, start, end, plain, data } = frame
    // Raw line breaks are only valid between JSON tokens, where a space is equivalent.
    if (!plain) return this.addText(encodeSse({ data: data.replaceAll('\n', ' ') }))
    if (this.run?.end === start) {
      this.run.end = end
      return
    }
    this.endRun()
    this.run = { bytes, start, end }
  }

  private addText(text: string): void {
    this.endRun()
    this.pieces.push(Buffer.from(text))
  }

  private endRun(): void {
    const { run } = this
    if (!run) return
    const { bytes, start, end } = run
    this.pieces.push(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end))
    this.run = undefined
  }

  private release(): void {
    if (!this.held) return
    this.endRun()
    this.pieces.unshift(...this.held)
    this.held = undefined
  }

  private released(): Buffer | undefined {
    this.endRun()
    const { pieces } = this
    if (pieces.length === 0) return undefined
    this.pieces = []
    if (!this.held) return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)
    for (const piece of pieces) this.heldBytes += piece.length
    this.held.push(...pieces)
    if (this.heldBytes <= HELD_BYTES_MAX) return undefined
    const held = Buffer.concat(this.held)
    this.held = undefined
    return held
  }
}

/** A last event without a blank line may be truncated: it is used only when its data is complete. */
function isWhole(data: string): boolean {
  const text = data.trim()
  if (text === '[DONE]') return true
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Some upstreams stream whole messages instead of deltas. */
function lacksDelta(value: Record<string, unknown>): boolean {
  return choicesOf(value).some((choice) => 'message' in choice && !('delta' in choice))
}

function withDeltas(value: Record<string, unknown>): string {
  const choices = choicesOf(value).map(({ message, ...choice }) => ({ delta: message, ...choice }))
  return encodeSse({ data: JSON.stringify({ ...value, choices }) })
}
