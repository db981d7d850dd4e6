import { AppError } from '@sluice/kernel/app-error'

import { foldName } from './folded-names.ts'
import type { JsonCursor } from './json-cursor.ts'

const SHOWN_CHARS_MAX = 100
/** Per body. Folding a name costs about a microsecond; no client sends more than a few such names. */
const UNUSUAL_NAMES_MAX = 1_000
// `max_completion_tokens` in escapes of supplementary characters: no longer name folds to a reserved one.
const KEY_BYTES_MAX = 21 * 12
/** Names that no decoder can confuse with another: lower case ASCII only. */
const PLAIN = /^[a-z0-9_]*$/

interface ReservedName {
  name: string
  word: Buffer
  bit: number
}

/** Member names that decide about permission, price and routing of a request. At most 31. */
export class ReservedNames {
  private readonly exact: ReadonlyMap<string, ReservedName>
  private readonly folded: ReadonlyMap<string, string>
  private readonly byLength: readonly (readonly ReservedName[])[]

  constructor(names: readonly string[]) {
    const all = names.map((name, at) => ({ name, word: Buffer.from(name), bit: 1 << at }))
    this.exact = new Map(all.map((reserved) => [reserved.name, reserved]))
    // When two fold to the same name, the first is used: `image` before `image[]`.
    this.folded = new Map(names.toReversed().map((name) => [foldName(name), name]))
    const longest = Math.max(...names.map((name) => name.length))
    this.byLength = Array.from({ length: longest + 1 }, (_, length) =>
      all.filter(({ word }) => word.length === length),
    )
  }

  get(name: string): ReservedName | undefined {
    return this.exact.get(name)
  }

  has(name: string): boolean {
    return this.exact.has(name)
  }

  /** The reserved name that `name` folds to without being equal. */
  foldsTo(name: string): string | undefined {
    return this.has(name) || PLAIN.test(name) ? undefined : this.folded.get(foldName(name))
  }

  /** The reserved name that equals the cursor's key byte by byte; an escaped one is not found. */
  ofKey(cursor: JsonCursor): ReservedName | undefined {
    const candidates = this.byLength[cursor.keyBytes]
    if (!candidates) return undefined
    for (const reserved of candidates) if (cursor.keyIs(reserved.word)) return reserved
    return undefined
  }
}

/**
 * Refuses ambiguous member names: JSON decoders that ignore case (such as Go's `encoding/json`) treat
 * `Max_Tokens` as `max_tokens`, and of duplicate names some use the first, others the last. One checker per
 * kind of object in a body. Its methods throw `invalid_value`.
 */
export class NameChecker {
  private readonly reserved: ReservedNames
  private readonly path: string
  private seen = 0
  private unusual = 0

  /** `path` is prepended to names in errors. */
  constructor(reserved: ReservedNames, { path = '' }: { path?: string } = {}) {
    this.reserved = reserved
    this.path = path
  }

  /** Starts the next object. */
  begin(): void {
    this.seen = 0
  }

  /** Skips a key and its colon. Returns the reserved name; undefined for others. */
  read(cursor: JsonCursor): string | undefined {
    cursor.skipKey()
    const reserved = this.reserved.ofKey(cursor)
    if (reserved) return this.once(reserved)
    if (cursor.keyBytes > KEY_BYTES_MAX || cursor.keyIsPlain()) return undefined
    return this.check(cursor.keyText())
  }

  /** The same for a name that was read already. */
  check(name: string): string | undefined {
    const { reserved, path } = this
    const exact = reserved.get(name)
    if (exact) return this.once(exact)
    if (PLAIN.test(name)) return undefined
    this.unusual += 1
    if (this.unusual > UNUSUAL_NAMES_MAX) throw tooManyUnusual()
    const meant = reserved.foldsTo(name)
    if (meant === undefined) return undefined
    throw misspelled(path + name, path + meant)
  }

  private once({ name, bit }: ReservedName): string {
    if ((this.seen & bit) !== 0) throw duplicateName(this.path + name)
    this.seen |= bit
    return name
  }
}

function misspelled(name: string, meant: string): AppError {
  const param = name.slice(0, SHOWN_CHARS_MAX)
  const message = `'${param}' is not a parameter; write it exactly as '${meant}', and once.`
  return new AppError('invalid_value', message, { param })
}

const duplicateName = (param: string) =>
  new AppError('invalid_value', `'${param}' is given twice.`, { param })

const tooManyUnusual = () =>
  new AppError('invalid_value', `The body has more than ${UNUSUAL_NAMES_MAX} unusual names.`)
