/**
 * Reads the members of a chat body that the gateway needs, without parsing the rest: the bytes are forwarded
 * unchanged, so parsing all of them would be wasted work.
 *
 * The structure is checked strictly (nesting, commas, literals, numbers), because an upstream must not read
 * another `model` than the one that is charged; the content of strings is left to the upstream.
 */
import { AppError } from '@sluice/kernel/app-error'

import { invalidJson } from './json-bytes.ts'
import { JsonCursor, OPEN_BRACE } from './json-cursor.ts'
import { skipMessages } from './json-messages.ts'
import { mediaTokensOf } from './media-pieces.ts'
import { ReservedNames, NameChecker } from './name-checker.ts'

/** A byte range: from `start` up to, but not including, `end`. */
export interface Span {
  start: number
  end: number
}

export interface StreamOptions {
  span: Span
  /** False for null. */
  isObject: boolean
  isEmpty: boolean
  includeUsage: Span | undefined
}

export interface ScannedBody {
  /** Undefined when it is absent or null; the span includes the quotes. */
  model: { name: string; span: Span } | undefined
  stream: boolean
  /** Position of `stream_options`, and of `include_usage` in it. */
  streamOptions: StreamOptions | undefined
  /** True when the caller requested usage in the stream. */
  includeUsage: boolean
  /** The larger of `max_tokens` and `max_completion_tokens`; undefined when neither is a limit. */
  outputTokensMax: number | undefined
  /** Number of requested choices. */
  count: number
  /** Offset after the opening brace, where a member may be inserted. */
  membersStart: number
  /** Bytes that are not media: an upper bound of their tokens. */
  textBytes: number
  /** Number of pictures that the conversation contains or references. */
  attachments: number
  /** Maximum tokens of the audio and files in the conversation. */
  mediaTokens: number
}

/**
 * Scans the top level of a JSON object. Nulls count as absent. Throws `invalid_json` unless the body is one
 * JSON object, and `invalid_value` (naming the parameter) for members of the wrong type, for duplicates, and
 * for a name that folds to a reserved one (`Model`), because parsers disagree on its meaning.
 */
export function scanChatBody(bytes: Buffer): ScannedBody {
  const cursor = new JsonCursor(bytes)
  cursor.skipSpace()
  if (bytes[cursor.at] !== OPEN_BRACE) throw invalidJson('The body must be a JSON object.')
  const scanned: ScannedBody = {
    model: undefined,
    stream: false,
    streamOptions: undefined,
    includeUsage: false,
    outputTokensMax: undefined,
    count: 1,
    membersStart: cursor.at + 1,
    textBytes: 0,
    attachments: 0,
    mediaTokens: 0,
  }
  readMembers(cursor, scanned)
  cursor.skipSpace()
  if (cursor.at !== bytes.length) throw invalidJson('The body has extra data after its JSON.')
  scanned.textBytes = bytes.length - cursor.mediaBytes
  const media = cursor.media ?? []
  const pictures = media.filter(({ kind }) => kind === 'image').length
  scanned.attachments = Math.max(pictures, Math.ceil(cursor.imageUrlWords / 2))
  scanned.mediaTokens = mediaTokensOf(media)
  return scanned
}

const bodyNames = new ReservedNames([
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'n',
])
const streamOptionNames = new ReservedNames(['include_usage'])

function readMembers(cursor: JsonCursor, scanned: ScannedBody): void {
  const checker = new NameChecker(bodyNames)
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    readMember(cursor, scanned, checker.read(cursor))
  }
}

function readMember(cursor: JsonCursor, scanned: ScannedBody, name: string | undefined): void {
  if (name === undefined) return cursor.skipValue(1)
  const start = cursor.at
  if (name === 'messages') return skipMessages(cursor)
  if (name === 'stream_options') return readStreamOptions(cursor, scanned, start)
  cursor.skipValue(1)
  const value = cursor.parse(start)
  if (value === null) return
  switch (name) {
    case 'model':
      if (typeof value !== 'string') throw wrong(name, 'must be a string')
      scanned.model = { name: value, span: { start, end: cursor.at } }
      return
    case 'stream':
      if (typeof value !== 'boolean') throw wrong(name, 'must be true or false')
      scanned.stream = value
      return
    case 'n':
      scanned.count = positive(name, value)
      return
    case 'max_tokens':
    case 'max_completion_tokens':
      scanned.outputTokensMax = Math.max(scanned.outputTokensMax ?? 0, positive(name, value))
      return
  }
}

function readStreamOptions(cursor: JsonCursor, scanned: ScannedBody, start: number): void {
  const isObject = cursor.peek() === OPEN_BRACE
  let isEmpty = true
  let includeUsage: Span | undefined
  if (isObject) {
    const checker = new NameChecker(streamOptionNames, { path: 'stream_options.' })
    for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
      isEmpty = false
      const name = checker.read(cursor)
      const valueStart = cursor.at
      cursor.skipValue(2)
      if (name !== 'include_usage') continue
      includeUsage = { start: valueStart, end: cursor.at }
      scanned.includeUsage = cursor.parse(valueStart) === true
    }
  } else {
    cursor.skipValue(1)
    if (cursor.parse(start) !== null) throw wrong('stream_options', 'must be an object')
  }
  scanned.streamOptions = { span: { start, end: cursor.at }, isObject, isEmpty, includeUsage }
}

function positive(param: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw wrong(param, 'must be a positive whole number')
}

function wrong(param: string, what: string): AppError {
  return new AppError('invalid_value', `'${param}' ${what}.`, { param })
}
