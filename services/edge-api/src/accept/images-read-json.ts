import type { IncomingMessage } from 'node:http'

import { AppError } from '@sluice/kernel/app-error'
import type { Fields } from '@sluice/protocol/images/field-reader'

/**
 * Reads a JSON body of at most `bytesMax`; a length that is announced too large is refused before a
 * byte of it is kept. Throws `body_too_large`, `unsupported_media_type`, `invalid_json` or `caller_gone`.
 */
export async function readJsonFields(
  incoming: IncomingMessage,
  { bytesMax }: { bytesMax: number },
): Promise<Fields> {
  refuseEncoded(incoming)
  const type = mediaTypeOf(incoming)
  if (type !== 'application/json')
    throw new AppError('unsupported_media_type', 'The body must be application/json.')
  return parseFields(await readWhole(incoming, bytesMax))
}

/** The media type of a body, lower-case and without parameters; empty when the caller names none. */
export const mediaTypeOf = ({ headers }: IncomingMessage): string =>
  (headers['content-type'] ?? '').split(';', 1).join('').trim().toLowerCase()

/** Compressed bodies are refused: they may be a thousand times what they weigh. */
export function refuseEncoded({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding']
  if (encoding === undefined || encoding === 'identity') return
  throw new AppError('unsupported_media_type', `Content-Encoding ${encoding} is not read here.`)
}

/** Refuses a body whose announced length is above the cap, before any of it is read. */
export function refuseAnnounced({ headers }: IncomingMessage, bytesMax: number): void {
  if (Number(headers['content-length'] ?? 0) > bytesMax) throw bodyTooLarge(bytesMax)
}

export const bodyTooLarge = (bytesMax: number, param?: string): AppError =>
  new AppError(
    'body_too_large',
    `${param === undefined ? 'The body' : `'${param}'`} has more than ${bytesMax} bytes.`,
    { ...(param !== undefined && { param }), details: { bytes_max: bytesMax } },
  )

async function readWhole(incoming: IncomingMessage, bytesMax: number): Promise<Buffer> {
  refuseAnnounced(incoming, bytesMax)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunksOf(incoming)) {
    bytes += chunk.length
    if (bytes > bytesMax) throw bodyTooLarge(bytesMax)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, bytes)
}

/**
 * The bytes of a body as they come. Leaving early does not destroy the request, so that it can still be
 * answered; a caller who leaves early is a `caller_gone`.
 */
export async function* chunksOf(incoming: IncomingMessage): AsyncGenerator<Buffer, void, void> {
  try {
    for await (const chunk of incoming.iterator({ destroyOnReturn: false })) yield chunk as Buffer
  } catch (cause) {
    throw new AppError('caller_gone', 'The request ended before its body did.', { cause })
  }
}

function parseFields(body: Buffer): Fields {
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
