import { JsonCursor, OPEN_BRACE } from '../json-cursor.ts'
import { NameChecker } from '../name-checker.ts'
import { imageNames } from './extra-fields.ts'

/**
 * Checks the member names of an image request's JSON body before it is parsed: JSON.parse silently uses the
 * last of two equal names, and unknown names are forwarded to the upstream, which may ignore case. Throws
 * `invalid_value` for both, `invalid_json` for invalid or too deeply nested JSON. A body that is not an
 * object passes.
 */
export function checkImageNames(body: Buffer): void {
  const cursor = new JsonCursor(body)
  cursor.skipSpace()
  if (cursor.peek() !== OPEN_BRACE) return
  const checker = new NameChecker(imageNames)
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    checker.read(cursor)
    cursor.skipValue(1)
  }
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
