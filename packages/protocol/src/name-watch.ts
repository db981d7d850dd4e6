import { AppError } from '@sluice/kernel/app-error'

import { foldName } from './folded-names.ts'
import type { JsonCursor } from './json-cursor.ts'

const SHOWN_CHARS_MAX = 100
/** In one body. Folding a name costs about a microsecond; no client writes more than a few such names. */
const UNUSUAL_NAMES_MAX = 1_000
// `max_completion_tokens` in escapes of characters beyond the first plane: no longer name folds to one of ours.
const KEY_BYTES_MAX = 21 * 12
/** Names that no decoder takes for another: they have one case, and no equivalent of one. */
const PLAIN = /^[a-z0-9_]*$/

interface JudgedName {
  name: string
  word: Buffer
  bit: number
}

/** Member names by which a request is judged: what it may, what it costs, where it goes. At most 31. */
export class JudgedNames {
  private readonly exact: ReadonlyMap<string, JudgedName>
  private readonly folded: ReadonlyMap<string, string>
  private readonly byLength: readonly (readonly JudgedName[])[]

  constructor(names: readonly string[]) {
    const all = names.map((name, at) => ({ name, word: Buffer.from(name), bit: 1 << at }))
    this.exact = new Map(all.map((judged) => [judged.name, judged]))
    // Of two that fold alike the first is meant: `image` before `image[]`.
    this.folded = new Map(names.toReversed().map((name) => [foldName(name), name]))
    const longest = Math.max(...names.map((name) => name.length))
    this.byLength = Array.from({ length: longest + 1 }, (_, length) =>
      all.filter(({ word }) => word.length === length),
    )
  }

  get(name: string): JudgedName | undefined {
    return this.exact.get(name)
  }

  has(name: string): boolean {
    return this.exact.has(name)
  }

  /** The judged name that `name` folds to without being it. */
  foldsTo(name: string): string | undefined {
    return this.has(name) || PLAIN.test(name) ? undefined : this.folded.get(foldName(name))
  }

  /** The judged name that the cursor's key is, letter by letter; one written in escapes is not found. */
  ofKey(cursor: JsonCursor): JudgedName | undefined {
    const candidates = this.byLength[cursor.keyBytes]
    if (!candidates) return undefined
    for (const judged of candidates) if (cursor.keyIs(judged.word)) return judged
    return undefined
  }
}

/**
 * Watches the member names of objects for a second reading: JSON decoders that ignore case (Go's
 * `encoding/json` among them) take `Max_Tokens` for `max_tokens`, and of two equal names some take the first,
 * others the last. One watch for each kind of object in a body. Its methods throw `invalid_value`.
 */
export class NameWatch {
  private readonly judged: JudgedNames
  private readonly path: string
  private seen = 0
  private unusual = 0

  /** `path` is put before names in refusals. */
  constructor(judged: JudgedNames, { path = '' }: { path?: string } = {}) {
    this.judged = judged
    this.path = path
  }

  /** Another object begins. */
  begin(): void {
    this.seen = 0
  }

  /** Moves behind a key and its colon. The judged name that it is; undefined for others. */
  read(cursor: JsonCursor): string | undefined {
    cursor.skipKey()
    const judged = this.judged.ofKey(cursor)
    if (judged) return this.once(judged)
    if (cursor.keyBytes > KEY_BYTES_MAX || cursor.keyIsPlain()) return undefined
    return this.see(cursor.keyText())
  }

  /** The same for a name that is read already. */
  see(name: string): string | undefined {
    const { judged, path } = this
    const exact = judged.get(name)
    if (exact) return this.once(exact)
    if (PLAIN.test(name)) return undefined
    this.unusual += 1
    if (this.unusual > UNUSUAL_NAMES_MAX) throw tooManyUnusual()
    const meant = judged.foldsTo(name)
    if (meant === undefined) return undefined
    throw misspelled(path + name, path + meant)
  }

  private once({ name, bit }: JudgedName): string {
    if ((this.seen & bit) !== 0) throw givenTwice(this.path + name)
    this.seen |= bit
    return name
  }
}

function misspelled(name: string, meant: string): AppError {
  const param = name.slice(0, SHOWN_CHARS_MAX)
  const message = `'${param}' is not a parameter; write it exactly as '${meant}', and once.`
  return new AppError('invalid_value', message, { param })
}

const givenTwice = (param: string) =>
  new AppError('invalid_value', `'${param}' is given twice.`, { param })

const tooManyUnusual = () =>
  new AppError('invalid_value', `The body has more than ${UNUSUAL_NAMES_MAX} unusual names.`)
