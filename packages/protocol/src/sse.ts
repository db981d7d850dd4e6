import { AppError } from '@sluice/kernel/app-error'
import { assert } from '@sluice/kernel/assert'

/** A server-sent event (HTML standard §9.2). */
export interface SseEvent {
  /** The event's type; undefined means `message`. */
  event: string | undefined
  data: string
  id: string | undefined
}

/** A comment that clients ignore, and that prevents idle timeouts of proxies. */
export const SSE_KEEP_ALIVE = ': keep-alive\n\n'

/** The end of a chat stream. */
export const SSE_DONE = 'data: [DONE]\n\n'

export const SSE_CONTENT_TYPE = 'text/event-stream; charset=utf-8'

/** Default maximum number of characters of one event. */
export const EVENT_CHARS_MAX = 32 * 1024 * 1024

/** Encodes an event. Line breaks in data become several data lines; in `event` and `id` they are refused. */
export function encodeSse({ event, data, id }: { event?: string; data: string; id?: string }) {
  let text = ''
  if (id !== undefined) text += `id: ${oneLine(id)}\n`
  if (event !== undefined) text += `event: ${oneLine(event)}\n`
  // Most data is JSON, which has no raw line breaks.
  if (!lineBreak.test(data)) return `${text}data: ${data}\n\n`
  for (const line of data.split(lineBreak)) text += `data: ${line}\n`
  return `${text}\n`
}

const lineBreak = /\r\n|\r|\n/

function oneLine(name: string): string {
  assert(!/[\r\n\0]/.test(name), 'the id and the type of an event are one line')
  return name
}

export interface SseParser {
  /** The events completed by these bytes; a chunk may end anywhere, also inside a character. */
  push(chunk: Uint8Array): SseEvent[]
  /**
   * At the end of a stream, the last event without a blank line. The HTML standard drops it, since it may be
   * truncated; some servers omit the last blank line. The caller must check that it is complete.
   */
  end(): SseEvent | undefined
  /** True while an event is incomplete; at the end of a stream this means that it was truncated. */
  pending(): boolean
}

/**
 * Parses a stream of events incrementally. Lines end with LF, CR or CRLF; comments, `retry` and events
 * without data are skipped. An event above `eventCharsMax` throws `upstream_failed`.
 */
export function createSseParser({
  eventCharsMax = EVENT_CHARS_MAX,
}: { eventCharsMax?: number } = {}): SseParser {
  const decoder = new TextDecoder('utf-8')
  // The incomplete line in pieces, so that a long line is not copied for every chunk.
  let pieces: string[] = []
  let lineChars = 0
  let eventChars = 0
  let endedWithReturn = false
  let event: string | undefined
  let id: string | undefined
  let data: string[] = []

  const takeField = (line: string) => {
    const colon = line.indexOf(':')
    if (colon === 0) return
    const name = colon === -1 ? line : line.slice(0, colon)
    const start = line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1
    const value = colon === -1 ? '' : line.slice(start)
    if (name === 'data') data.push(value)
    else if (name === 'event') event = value
    else if (name === 'id' && !value.includes('\0')) id = value
  }

  const endEvent = (): SseEvent | undefined => {
    const ended = data.length > 0 ? { event, data: data.join('\n'), id } : undefined
    event = undefined
    id = undefined
    data = []
    eventChars = 0
    return ended
  }

  const takeLine = (line: string): SseEvent | undefined => {
    if (line === '') return endEvent()
    eventChars += line.length
    takeField(line)
    return undefined
  }

  const checkSize = () => {
    if (eventChars + lineChars <= eventCharsMax) return
    throw new AppError('upstream_failed', 'The upstream sent an event that is too long.')
  }

  const keep = (text: string) => {
    if (text === '') return
    pieces.push(text)
    lineChars += text.length
    checkSize()
  }

  return {
    push(chunk) {
      const decoded = decoder.decode(chunk, { stream: true })
      if (decoded === '') return []
      // The LF of a CRLF split between two chunks.
      const text = endedWithReturn && decoded.startsWith('\n') ? decoded.slice(1) : decoded
      endedWithReturn = decoded.endsWith('\r')
      const events: SseEvent[] = []
      let start = 0
      for (let end = nextBreak(text, 0); end !== -1; end = nextBreak(text, start)) {
        keep(text.slice(start, end))
        const line = pieces.length === 1 ? (pieces[0] ?? '') : pieces.join('')
        pieces = []
        lineChars = 0
        const ended = takeLine(line)
        checkSize()
        if (ended) events.push(ended)
        start = text.startsWith('\r\n', end) ? end + 2 : end + 1
      }
      keep(text.slice(start))
      return events
    },
    end: () => {
      const line = pieces.join('') + decoder.decode()
      pieces = []
      lineChars = 0
      if (line !== '') takeLine(line)
      return endEvent()
    },
    pending: () => pieces.length > 0 || data.length > 0 || event !== undefined,
  }
}

function nextBreak(text: string, from: number): number {
  const feed = text.indexOf('\n', from)
  const end = feed === -1 ? text.length : feed
  // A lone CR ends a line too; it is searched only before the next LF, so that text is read once.
  const carriage = text.slice(from, end).indexOf('\r')
  return carriage === -1 ? feed : from + carriage
}
