import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'

import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'

import type { ByteHold } from './byte-budget.ts'
import type { Sweep, Tickable } from './sweep.ts'
import { BodyPace } from './body-pace.ts'

/** Smaller bodies are not counted in the budget: the limit on concurrent requests bounds them. */
const UNCOUNTED_BYTES = 16 * 1024

export interface ReadBodyDeps {
  bytesMax: number
  clock: Clock
  sweep: Sweep
  /** Budget hold for the bytes of a large body; the caller of the function releases it. */
  hold?: ByteHold
}

interface BodyKind {
  /** The error for an unacceptable head. */
  refuse: (incoming: IncomingMessage, bytesMax: number) => AppError | undefined
  /** The error for an unacceptable body. */
  validate?: (body: Buffer) => AppError | undefined
  /** Bytes up to this size are not counted in the hold. */
  uncountedBytes: number
}

/**
 * Reads a JSON body. Refuses before buffering: `unsupported_media_type` for a compressed or non-JSON body,
 * `body_too_large` by Content-Length or as soon as more arrives. Throws `invalid_json` for bytes that are not
 * UTF-8 (RFC 8259 §8.1), `request_timeout` for a body that arrives too slowly, `caller_gone` for one that
 * ends early, and what its hold throws.
 */
export function readJsonBody(deps: ReadBodyDeps, incoming: IncomingMessage): Promise<Buffer> {
  return readBody(deps, incoming, jsonBody)
}

/**
 * The same for a browser's form, of which every byte is counted. Throws `unsupported_media_type` for a
 * compressed body or another type, `body_too_large`, `request_timeout`, `caller_gone`, and what its hold
 * throws.
 */
export function readFormBody(deps: ReadBodyDeps, incoming: IncomingMessage): Promise<Buffer> {
  return readBody(deps, incoming, formBody)
}

function readBody(
  { bytesMax, clock, sweep, hold }: ReadBodyDeps,
  incoming: IncomingMessage,
  { refuse, validate, uncountedBytes }: BodyKind,
): Promise<Buffer> {
  const refusal = refuse(incoming, bytesMax)
  if (refusal) return Promise.reject(refusal)
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] | undefined
    let first: Buffer | undefined
    let bytes = 0
    let counted = 0
    const pace = new BodyPace(clock.nowMs())
    const watch: Tickable = {
      index: undefined,
      tick(nowMs) {
        if (pace.isTooSlow(nowMs, bytes)) fail(tooSlow())
      },
    }

    // Listeners stay: removing them costs more than ignoring their events.
    let over = false
    const end = () => {
      over = true
      sweep.delete(watch)
    }
    const fail = (error: AppError) => {
      if (over) return
      end()
      // Releases the received bytes; later chunks are discarded.
      first = undefined
      chunks = undefined
      hold?.release()
      reject(error)
    }
    const count = () => {
      if (!hold || bytes <= uncountedBytes) return true
      try {
        hold.add(bytes - counted)
        counted = bytes
        return true
      } catch (error) {
        fail(asAppError(error))
        return false
      }
    }
    const take = (chunk: Buffer) => {
      bytes += chunk.length
      if (over) return
      if (bytes > bytesMax) return fail(tooLarge(bytesMax))
      if (!count()) return
      if (!first) first = chunk
      else (chunks ??= [first]).push(chunk)
    }
    const whole = () => {
      if (over) return
      const body = chunks ? Buffer.concat(chunks, bytes) : (first ?? EMPTY)
      const invalid = validate?.(body)
      if (invalid) return fail(invalid)
      end()
      resolve(body)
    }
    const cut = () => {
      if (!over) fail(new AppError('caller_gone', 'The body ended early.'))
    }

    sweep.add(watch)
    incoming.on('data', take)
    incoming.on('end', whole)
    // 'close' also follows an error; 'error' is only emitted when something listens for it.
    incoming.on('close', cut)
    if (incoming.destroyed) cut()
  })
}

// A hold throws only AppErrors.
const asAppError = (error: unknown) => error as AppError

const EMPTY = Buffer.alloc(0)

const jsonBody: BodyKind = {
  refuse: (incoming, bytesMax) =>
    refuseHead(incoming, { types: JSON_TYPES, what: 'JSON', bytesMax }),
  // Different parsers decode invalid UTF-8 differently.
  validate: (body) => (isUtf8(body) ? undefined : notUtf8()),
  uncountedBytes: UNCOUNTED_BYTES,
}

const formBody: BodyKind = {
  refuse: (incoming, bytesMax) =>
    refuseHead(incoming, { types: FORM_TYPES, what: 'a form', bytesMax }),
  uncountedBytes: 0,
}

function refuseHead(
  { headers }: IncomingMessage,
  { types, what, bytesMax }: { types: RegExp; what: string; bytesMax: number },
): AppError | undefined {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    return new AppError('unsupported_media_type', 'The body must not be compressed.')
  }
  const type = headers['content-type']
  if (type !== undefined && !types.test(type)) {
    return new AppError('unsupported_media_type', `The body must be ${what}.`)
  }
  return Number(headers['content-length'] ?? 0) > bytesMax ? tooLarge(bytesMax) : undefined
}

// A missing Content-Type means JSON; curl sends the form type by default.
const JSON_TYPES =
  /^(application\/([\w.+-]*\+)?json|text\/(plain|json)|application\/x-www-form-urlencoded)\b/i
const FORM_TYPES = /^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i

function tooLarge(bytesMax: number): AppError {
  return new AppError('body_too_large', `The body may have at most ${bytesMax} bytes.`)
}

function tooSlow(): AppError {
  return new AppError('request_timeout', 'The body arrived too slowly.')
}

function notUtf8(): AppError {
  return new AppError('invalid_json', 'The body is not valid UTF-8.', { param: 'body' })
}
