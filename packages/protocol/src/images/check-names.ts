import { JsonCursor, OPEN_BRACE } from '../json-cursor.ts'
import { NameWatch } from '../name-watch.ts'
import { imageNames } from './extra-fields.ts'

/**
 * Reads the names of a JSON body of an image request before it is parsed: JSON.parse takes the last of two
 * equal ones without a word, and unknown ones reach the upstream, which may ignore case. Throws `invalid_value`
 * for both, `invalid_json` for what is no JSON or is nested too deeply; what is no object is left to the caller.
 */
export function checkImageNames(body: Buffer): void {
  const cursor = new JsonCursor(body)
  cursor.skipSpace()
  if (cursor.peek() !== OPEN_BRACE) return
  const watch = new NameWatch(imageNames)
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    watch.read(cursor)
    cursor.skipValue(1)
  }
}

/** The same for the text fields and the files of a form, one name at a time. */
export function formNameCheck(): { field(name: string): void; file(name: string): void } {
  const watch = new NameWatch(imageNames)
  return {
    field: (name) => void watch.see(withoutIndex(name)),
    // Files of one name are a list.
    file: (name) => void new NameWatch(imageNames).see(withoutIndex(name)),
  }
}

// `image[]` and `image[0]` are elements of `image`.
const withoutIndex = (name: string) => name.replace(/\[\d*\]$/, '')
