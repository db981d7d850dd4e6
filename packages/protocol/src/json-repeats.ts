import { AppError } from '@sluice/kernel/app-error'

import { JsonCursor, OPEN_BRACE, OPEN_BRACKET } from './json-cursor.ts'

const SHOWN_CHARS_MAX = 100

/**
 * Refuses a JSON body with duplicate member names, at any depth: some decoders use the first, others the last
 * (RFC 8259, section 4). Reads only the names. Throws `invalid_value` with the path of the member, and
 * `invalid_json`.
 */
export function checkRepeats(bytes: Buffer): void {
  const cursor = new JsonCursor(bytes)
  cursor.skipSpace()
  readValue(cursor, '', 0)
}

function readValue(cursor: JsonCursor, path: string, depth: number): void {
  const code = cursor.peek()
  if (code === OPEN_BRACE) return readObject(cursor, path, depth + 1)
  if (code !== OPEN_BRACKET) return cursor.skipValue(depth)
  for (let more = cursor.enterArray(); more; more = cursor.nextElement())
    readValue(cursor, `${path}[]`, depth + 1)
}

function readObject(cursor: JsonCursor, path: string, depth: number): void {
  const names = new Set<string>()
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    cursor.skipKey()
    const name = cursor.keyText()
    const full = path === '' ? name : `${path}.${name}`
    if (names.has(name)) throw duplicateName(full.slice(0, SHOWN_CHARS_MAX))
    names.add(name)
    readValue(cursor, full, depth)
  }
}

const duplicateName = (param: string) =>
  new AppError('invalid_value', `'${param}' is given twice.`, { param })
