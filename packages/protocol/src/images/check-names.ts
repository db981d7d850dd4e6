import { JsonCursor, OPEN_BRACE, OPEN_BRACKET } from '../json-cursor.ts'
import { NameChecker } from '../name-checker.ts'
import { imageNames } from './extra-fields.ts'

/**
 * Checks the member names of an image request's JSON body before it is parsed: JSON.parse silently uses the
 * last of two equal names, and unknown names are forwarded to the upstream, which may ignore case. Returns
 * the body with the objects and lists of unknown members replaced by `ignoredAs`, so that what is never read
 * is not built. Throws `invalid_value` for a repeated or ambiguous name, `invalid_json` for invalid or too
 * deeply nested JSON. A body that is not an object is returned as it is.
 */
export function checkImageNames(body: Buffer, ignoredAs: 'null' | 'false'): Buffer {
  const cursor = new JsonCursor(body)
  cursor.skipSpace()
  if (cursor.peek() !== OPEN_BRACE) return body
  const checker = new NameChecker(imageNames)
  const kept: Buffer[] = []
  let copiedTo = 0
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    const isKnown = checker.read(cursor) !== undefined
    const start = cursor.at
    const isNested = cursor.peek() === OPEN_BRACE || cursor.peek() === OPEN_BRACKET
    cursor.skipValue(1)
    if (isKnown || !isNested) continue
    kept.push(body.subarray(copiedTo, start), Buffer.from(ignoredAs))
    copiedTo = cursor.at
  }
  return copiedTo === 0 ? body : Buffer.concat([...kept, body.subarray(copiedTo)])
}

/** The same for the text fields and the files of a form, one name at a time. */
export function formNameCheck(): { field(name: string): void; file(name: string): void } {
  const checker = new NameChecker(imageNames)
  return {
    field: (name) => void checker.check(withoutIndex(name)),
    // Repeated file names are a list.
    file: (name) => void new NameChecker(imageNames).check(withoutIndex(name)),
  }
}

// `image[]` and `image[0]` are elements of `image`.
const withoutIndex = (name: string) => name.replace(/\[\d*\]$/, '')
