import { isAppError } from '@sluice/kernel/app-error'
import { chatObjectKind, errorTextOf, isObject } from '@sluice/protocol/chat/chat-object'
import type { SseFrame } from '@sluice/protocol/sse-frames'
import { SseFrames } from '@sluice/protocol/sse-frames'

import type { UnusableReason } from '../relay-end.ts'
import type { ChatMeter } from './chat-meter.ts'

/** One parsed event of a stream. */
export type ReadEvent =
  /** A part of the completion. */
  | { kind: 'chunk'; value: Record<string, unknown>; hasContent: boolean }
  /** A usage report only. */
  | { kind: 'usage'; value: Record<string, unknown> }
  /** A comment, a keep-alive, or an unknown extension. */
  | { kind: 'ignored' }
  | { kind: 'done' }
  | BadEvent

export interface BadEvent {
  kind: 'bad'
  reason: UnusableReason
  /** The error in the event, as JSON. */
  text: string
}

/** Keep-alives that some servers send as data. */
const heartbeat = /^\W*(ping|pong|heartbeat|keep-?alive|processing)\W*$/i

/** Parses one event of a chat stream, and meters it. */
export function readEvent(
  { data, event }: Pick<SseFrame, 'data' | 'event'>,
  meter: ChatMeter,
): ReadEvent {
  const text = data.trim()
  if (text === '') return event === 'error' ? bad('reports-error') : ignored
  if (text === '[DONE]') return endOfStream(meter)
  const value = parse(text)
  if (event === 'error') return bad('reports-error', isObject(value) ? errorTextOf(value) : text)
  if (value === undefined) return heartbeat.test(text) ? ignored : bad('broken')
  const one: unknown = Array.isArray(value) ? value[0] : value
  return isObject(one) ? readObject(one, meter) : ignored
}

/** Classifies one parsed object of a response, and meters it. */
export function readObject(value: Record<string, unknown>, meter: ChatMeter): ReadEvent {
  switch (chatObjectKind(value)) {
    case 'error':
      return bad('reports-error', errorTextOf(value))
    case 'chat':
      return { kind: 'chunk', value, hasContent: meter.take(value) }
    case 'usage':
      meter.takeUsage(value['usage'])
      return { kind: 'usage', value }
    case 'other':
      return ignored
  }
}

/** Classifies the end of a stream without `[DONE]`. */
export function endWithoutDone(meter: ChatMeter): ReadEvent {
  const { progress } = meter
  if (progress.isFinished) return { kind: 'done' }
  return bad(progress.hasContent ? 'truncated' : 'empty')
}

function endOfStream({ progress }: ChatMeter): ReadEvent {
  return progress.hasContent || progress.isFinished ? { kind: 'done' } : bad('empty')
}

/** Splits bytes into events; an event that is too long ends the stream. */
export class FrameSource {
  private readonly frames = new SseFrames()
  tooLong = false

  push(chunk: Buffer): SseFrame[] {
    try {
      return this.frames.push(chunk)
    } catch (error) {
      if (!isAppError(error, 'upstream_failed')) throw error
      this.tooLong = true
      return []
    }
  }

  end(): SseFrame | undefined {
    return this.tooLong ? undefined : this.frames.end()
  }
}

export function bad(reason: UnusableReason, text = ''): BadEvent {
  return { kind: 'bad', reason, text }
}

const ignored: ReadEvent = { kind: 'ignored' }

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON: the calling function decides what that means.
    return undefined
  }
}
