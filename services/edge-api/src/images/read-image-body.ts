import type { IncomingMessage } from 'node:http'

import { AppError, isAppError } from '@sluice/kernel/app-error'
import { nextTurn } from '@sluice/kernel/next-turn'
import { checkImageNames } from '@sluice/protocol/images/check-names'
import type { Fields } from '@sluice/protocol/images/field-reader'
import { checkRepeats } from '@sluice/protocol/json-repeats'
import { checkJsonShape } from '@sluice/protocol/json-shape'
import { parseLargeJson } from '@sluice/protocol/parse-large-json'

import type { Tickable } from '../http/sweep.ts'
import { BodyPace } from '../http/body-pace.ts'
import type { ReadBodyDeps } from '../http/read-body.ts'
import { readJsonBody } from '../http/read-body.ts'

const LARGE_BYTES = 1024 * 1024

/**
 * Reads a JSON object as parameters. Throws what `readJsonBody` throws, `invalid_json`, also for too many
 * values, and `invalid_value` for a duplicate member.
 */
export async function readJsonFields(
  deps: ReadBodyDeps,
  incoming: IncomingMessage,
): Promise<Fields> {
  const body = await readJsonBody(deps, incoming)
  // Checked before parsing: a body of empty objects takes fifty times its size in memory.
  checkJsonShape(body)
  checkRepeats(body)
  return asFields(parseJson(body))
}

/**
 * The same for image requests: member names are checked, and long strings such as pictures become `LongText`.
 * Also throws what `checkImageNames` and `parseLargeJson` throw.
 */
export async function readImageFields(
  deps: ReadBodyDeps,
  incoming: IncomingMessage,
): Promise<Fields> {
  const body = await readJsonBody(deps, incoming)
  await yieldForLargeBody(body)
  checkJsonShape(body)
  return asFields(parseLargeJson(checkImageNames(body, 'null')))
}

/** Yields to the event loop before the next pass over a large body. */
export async function yieldForLargeBody(body: Buffer): Promise<void> {
  if (body.length > LARGE_BYTES) await nextTurn()
}

function asFields(parsed: unknown): Fields {
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
    return Object.fromEntries(Object.entries(parsed))
  throw new AppError('invalid_json', 'The body must be a JSON object.')
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new AppError('invalid_json', 'The body is not JSON.', { cause })
  }
}

/**
 * Streams the bytes of a large uncompressed body, at most `bytesMax`. Returning early does not destroy the
 * request, so that it can still be answered. Throws `unsupported_media_type`, `body_too_large`,
 * `request_timeout` for a caller who sends too slowly, `caller_gone` for one who disconnected.
 */
export async function* bodyChunks(
  { bytesMax, clock, sweep }: ReadBodyDeps,
  incoming: IncomingMessage,
): AsyncGenerator<Buffer, void, void> {
  refuse(incoming, bytesMax)
  const source = incoming.iterator({ destroyOnReturn: false })
  const slow = Promise.withResolvers<never>()
  slow.promise.catch(() => undefined)
  let bytes = 0
  let waitedMs = 0
  let waitingSinceMs = clock.nowMs()
  const pace = new BodyPace(0)
  // Counts only the time spent waiting for the caller, not the time spent on backpressure.
  const watch: Tickable = {
    tick: (nowMs) => {
      const pauseMs = waitedMs + nowMs - waitingSinceMs
      if (pace.isTooSlow(pauseMs, bytes)) slow.reject(tooSlow())
    },
  }
  try {
    for (;;) {
      waitingSinceMs = clock.nowMs()
      sweep.add(watch)
      const next = await Promise.race([source.next(), slow.promise])
      sweep.delete(watch)
      waitedMs += clock.nowMs() - waitingSinceMs
      if (next.done) return
      bytes += next.value.length
      if (bytes > bytesMax) throw tooLarge(bytesMax)
      yield next.value
    }
  } catch (cause) {
    if (isAppError(cause)) throw cause
    throw new AppError('caller_gone', 'The request ended before its body did.', { cause })
  } finally {
    sweep.delete(watch)
    // Not awaited: it would wait for a chunk that never arrives.
    void source.return?.()
  }
}

function refuse({ headers }: IncomingMessage, bytesMax: number): void {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity')
    throw new AppError('unsupported_media_type', 'The body must not be compressed.')
  if (Number(headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax)
}

const tooLarge = (bytesMax: number) =>
  new AppError('body_too_large', `The body may have at most ${bytesMax} bytes.`)

const tooSlow = () => new AppError('request_timeout', 'The body arrived too slowly.')
