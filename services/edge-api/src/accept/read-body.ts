import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'

import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'

import type { ByteHold } from '../byte-budget.ts'
import type { Sweep, Tickable } from '../sweep.ts'
import { BodyPace } from './body-pace.ts'

/** Smaller bodies are not counted in the budget: as many as may run at once are no burden. */
const UNCOUNTED_BYTES = 16 * 1024

export interface ReadBodyDeps {
  bytesMax: number
  clock: Clock
  sweep: Sweep
  /** What the bytes of a large body are held in; whoever reads the body releases it when it is done with. */
  hold?: ByteHold
}

interface BodyKind {
  /** Why the head is refused, if it is. */
  refuse: (incoming: IncomingMessage, bytesMax: number) => AppError | undefined
  /** Why the whole body is refused, if it is. */
  judge?: (body: Buffer) => AppError | undefined
  /** So many bytes are not counted in the hold. */
  uncountedBytes: number
}

/**
 * All bytes of a JSON body. Refuses before it buffers: `unsupported_media_type` for what is compressed or
 * is not JSON, `body_too_large` by the stated length or as soon as more comes. Throws `invalid_json` for
 * bytes that are not UTF-8 (RFC 8259 §8.1), `request_timeout` for a body that comes too slowly,
 * `caller_gone` for one that ends early, and what its hold throws.
 */
export function readJsonBody(deps: ReadBodyDeps, incoming: IncomingMessage): Promise<Buffer> {
  return readBody(deps, incoming, jsonBody)
}

/**
 * The same for a form of a browser, of which every byte is counted. Throws `unsupported_media_type` for what is
 * compressed or no form, `body_too_large`, `request_timeout`, `caller_gone`, and what its hold throws.
 */
export function readFormBody(deps: ReadBodyDeps, incoming: IncomingMessage): Promise<Buffer> {
  return readBody(deps, incoming, formBody)
}

function readBody(
  { bytesMax, clock, sweep, hold }: ReadBodyDeps,
  incoming: IncomingMessage,
  { refuse, judge, uncountedBytes }: BodyKind,
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
      place: undefined,
      tick(nowMs) {
        if (pace.isTooSlow(nowMs, bytes)) fail(tooSlow())
      },
    }

    // Listeners stay: taking them off costs more than to ignore what they hear.
    let over = false
    const end = () => {
      over = true
      sweep.delete(watch)
    }
    const fail = (error: AppError) => {
      if (over) return
      end()
      // What came is forgotten at once; what still comes is not kept.
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
      const complaint = judge?.(body)
      if (complaint) return fail(complaint)
      end()
      resolve(body)
    }
    const cut = () => {
      if (!over) fail(new AppError('caller_gone', 'The body ended early.'))
    }

    sweep.add(watch)
    incoming.on('data', take)
    incoming.on('end', whole)
    // Also after an error: a message that was cut is closed, and says why only to who asks.
    incoming.on('close', cut)
    if (incoming.destroyed) cut()
  })
}

// A hold throws nothing else.
const asAppError = (error: unknown) => error as AppError

const EMPTY = Buffer.alloc(0)

const jsonBody: BodyKind = {
  refuse: (incoming, bytesMax) =>
    refuseHead(incoming, { types: JSON_TYPES, what: 'JSON', bytesMax }),
  // Two parsers would make two texts of other bytes.
  judge: (body) => (isUtf8(body) ? undefined : notUtf8()),
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

// Clients that do not say what they send mean JSON; curl says a form when it is not told.
const JSON_TYPES =
  /^(application\/([\w.+-]*\+)?json|text\/(plain|json)|application\/x-www-form-urlencoded)\b/i
const FORM_TYPES = /^(?:application\/x-www-form-urlencoded|multipart\/form-data)\b/i

function tooLarge(bytesMax: number): AppError {
  return new AppError('body_too_large', `The body may have at most ${bytesMax} bytes.`)
}

function tooSlow(): AppError {
  return new AppError('request_timeout', 'The body came too slowly.')
}

function notUtf8(): AppError {
  return new AppError('invalid_json', 'The body is not valid UTF-8.', { param: 'body' })
}
