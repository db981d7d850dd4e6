import { assert } from '@sluice/kernel/assert'

import type { SigningKey } from './picture-links.ts'

/**
 * Parses SIGNING_KEYS: `id:base64[,id:base64]`, newest first. Throws an AssertionError with the position of a
 * malformed key, never with its text.
 */
export function parseSigningKeys(text: string): SigningKey[] {
  return text.split(',').map((entry, index) => {
    const match = /^\s*([a-z0-9_-]{1,16}):([A-Za-z0-9+/_-]+={0,2})\s*$/.exec(entry)
    const [, id, base64] = match ?? []
    assert(id && base64, `signing key ${index + 1} must be id:base64`)
    return { id, secret: Buffer.from(base64, 'base64') }
  })
}
