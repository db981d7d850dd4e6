import type { JsonCursor } from './json-cursor.ts'
import { OPEN_BRACE, OPEN_BRACKET } from './json-cursor.ts'
import { ReservedNames, NameChecker } from './name-checker.ts'

const messageNames = new ReservedNames(['role', 'content'])
const partNames = new ReservedNames(['type', 'text', 'image_url', 'input_audio', 'file'])
const sourceNames = new ReservedNames(['url', 'data', 'format', 'file_data', 'file_id', 'filename'])

// Depth of the members of these objects in the body, for the nesting limit.
const MESSAGE_DEPTH = 3
const PART_DEPTH = 5
const SOURCE_DEPTH = 6

const PART_PATH = 'messages[].content[].'

/**
 * Skips the value of `messages`, and refuses ambiguous member names: in messages, in content parts, and in
 * the media objects of parts. Deeper names are the caller's own, for example arguments of tools. Values of
 * other types are left to the upstream. Throws `invalid_value`, `invalid_json`.
 */
export function skipMessages(cursor: JsonCursor): void {
  if (cursor.peek() !== OPEN_BRACKET) return cursor.skipValue(1)
  const messages = new NameChecker(messageNames, { path: 'messages[].' })
  const parts = { part: new NameChecker(partNames, { path: PART_PATH }), sources: new Map() }
  for (let more = cursor.enterArray(); more; more = cursor.nextElement()) {
    skipObject(cursor, messages, MESSAGE_DEPTH, (name) => {
      if (name !== 'content' || cursor.peek() !== OPEN_BRACKET)
        return cursor.skipValue(MESSAGE_DEPTH)
      for (let other = cursor.enterArray(); other; other = cursor.nextElement())
        skipPart(cursor, parts)
    })
  }
}

interface PartCheckers {
  part: NameChecker
  /** By the name of the media member; created on first use. */
  sources: Map<string, NameChecker>
}

function skipPart(cursor: JsonCursor, { part, sources }: PartCheckers): void {
  skipObject(cursor, part, PART_DEPTH, (name) => {
    if (name === undefined || name === 'text') return cursor.skipMemberValue(PART_DEPTH)
    let source = sources.get(name)
    if (!source) {
      source = new NameChecker(sourceNames, { path: `${PART_PATH}${name}.` })
      sources.set(name, source)
    }
    const skipSource = () => cursor.skipMemberValue(SOURCE_DEPTH)
    skipObject(cursor, source, SOURCE_DEPTH, skipSource, () => cursor.skipMemberValue(PART_DEPTH))
  })
}

/** Reads an object member by member; skips other values. `depth` is that of the members. */
function skipObject(
  cursor: JsonCursor,
  checker: NameChecker,
  depth: number,
  skipMember: (name: string | undefined) => void,
  skipOther = () => cursor.skipValue(depth - 1),
): void {
  if (cursor.peek() !== OPEN_BRACE) return skipOther()
  checker.begin()
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    skipMember(checker.read(cursor))
  }
}
