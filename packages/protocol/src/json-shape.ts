import { invalidJson } from './json-bytes.ts'
import { JsonCursor } from './json-cursor.ts'

/**
 * Checks that bytes are one JSON value of limited nesting and number of values, without parsing it. Throws
 * `invalid_json` that names the limit.
 */
export function checkJsonShape(bytes: Buffer): void {
  const cursor = new JsonCursor(bytes)
  cursor.skipSpace()
  cursor.skipValue(0)
  cursor.skipSpace()
  if (cursor.at !== bytes.length) throw invalidJson('The body has extra data after its JSON.')
}
