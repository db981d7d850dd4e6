import type { IncomingMessage } from 'node:http'

import { AppError, isAppError } from '@sluice/kernel/app-error'
import type { Fields } from '@sluice/protocol/images/field-reader'
import { checkJsonShape } from '@sluice/protocol/json-shape'

import type { Swept } from '../sweep.ts'
import { BodyPace } from './body-pace.ts'
import type { ReadBodyDeps } from './read-body.ts'
import { readJsonBody } from './read-body.ts'

/**
 * A JSON object as parameters. Throws what `readJsonBody` and `check` throw, and `invalid_json`, also for too many
 * values.
 */
export async function readJsonFields(
  deps: ReadBodyDeps,
  incoming: IncomingMessage,
  { check }: { check?: (body: Buffer) => void } = {},
): Promise<Fields> {
  const body = await readJsonBody(deps, incoming)
  // Before anything is built: a body of empty objects becomes fifty times its size.
  checkJsonShape(body)
  check?.(body)
  const parsed = parseJson(body)
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
 * The bytes of a large body as they come, at most `bytesMax`, compressed ones never. Leaving early does
 * not destroy the request, so that it can still be answered. Throws `unsupported_media_type`,
 * `body_too_large`, `request_timeout` for a caller who sends too slowly, `caller_gone` for one who left.
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
  // Only the time in which we wait for the caller counts, not that in which they wait for us.
  const watch: Swept = {
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
    // Not awaited: it waits for the chunk that never came.
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

const tooSlow = () => new AppError('request_timeout', 'The body came too slowly.')
