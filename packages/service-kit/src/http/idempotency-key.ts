import type { IncomingHttpHeaders } from 'node:http'

import { AppError } from '@sluice/kernel/app-error'

const CHARS_MAX = 255

/**
 * The Idempotency-Key of a request; undefined without one. Throws `invalid_value` unless it has 1 to 255
 * printable ASCII characters: with an empty key, which a script sends whose variable is unset, a retry would
 * be charged twice.
 */
export function readIdempotencyKey(headers: IncomingHttpHeaders): string | undefined {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key === 'string' && key.length <= CHARS_MAX && /^[\x20-\x7e]+$/.test(key)) return key
  const message = `An Idempotency-Key has 1 to ${CHARS_MAX} printable ASCII characters.`
  throw new AppError('invalid_value', message, { param: 'Idempotency-Key' })
}
