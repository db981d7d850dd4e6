import type { JsonCursor } from './json-cursor.ts'
import { OPEN_BRACE, OPEN_BRACKET } from './json-cursor.ts'
import { JudgedNames, NameWatch } from './name-watch.ts'

const messageNames = new JudgedNames(['role', 'content'])
const partNames = new JudgedNames(['type', 'text', 'image_url', 'input_audio', 'file'])
const sourceNames = new JudgedNames(['url', 'data', 'format', 'file_data', 'file_id', 'filename'])

// How deep the members of these objects lie below the body, for the limit of nesting.
const MESSAGE_DEPTH = 3
const PART_DEPTH = 5
const SOURCE_DEPTH = 6

const PART_PATH = 'messages[].content[].'

/**
 * Moves behind the value of `messages`, and refuses names that two decoders may read in two ways: in messages,
 * in the parts of their content, and in what a part carries. Names below are the caller's own (arguments of
 * tools, for one). Values of other types are left to the upstream. Throws `invalid_value`, `invalid_json`.
 */
export function skipMessages(cursor: JsonCursor): void {
  if (cursor.peek() !== OPEN_BRACKET) return cursor.skipValue(1)
  const messages = new NameWatch(messageNames, { path: 'messages[].' })
  const parts = { part: new NameWatch(partNames, { path: PART_PATH }), sources: new Map() }
  for (let more = cursor.enterArray(); more; more = cursor.nextElement()) {
    skipObject(cursor, messages, MESSAGE_DEPTH, (name) => {
      if (name !== 'content' || cursor.peek() !== OPEN_BRACKET)
        return cursor.skipValue(MESSAGE_DEPTH)
      for (let other = cursor.enterArray(); other; other = cursor.nextElement())
        skipPart(cursor, parts)
    })
  }
}

interface PartWatches {
  part: NameWatch
  /** By the name of the member that carries something; made when one is met. */
  sources: Map<string, NameWatch>
}

function skipPart(cursor: JsonCursor, { part, sources }: PartWatches): void {
  skipObject(cursor, part, PART_DEPTH, (name) => {
    if (name === undefined || name === 'text') return cursor.skipMemberValue(PART_DEPTH)
    let source = sources.get(name)
    if (!source) {
      source = new NameWatch(sourceNames, { path: `${PART_PATH}${name}.` })
      sources.set(name, source)
    }
    const skipSource = () => cursor.skipMemberValue(SOURCE_DEPTH)
    skipObject(cursor, source, SOURCE_DEPTH, skipSource, () => cursor.skipMemberValue(PART_DEPTH))
  })
}

/** One object member by member; what is no object is skipped. `depth` is that of its members. */
function skipObject(
  cursor: JsonCursor,
  watch: NameWatch,
  depth: number,
  skipMember: (name: string | undefined) => void,
  skipOther = () => cursor.skipValue(depth - 1),
): void {
  if (cursor.peek() !== OPEN_BRACE) return skipOther()
  watch.begin()
  for (let more = cursor.enterObject(); more; more = cursor.nextMember()) {
    skipMember(watch.read(cursor))
  }
}
