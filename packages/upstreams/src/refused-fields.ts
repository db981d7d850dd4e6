import type { Clock } from '@sluice/kernel/clock'

/** After this a refused field is sent again, since the upstream may support it by then. */
const REFUSED_MS = 60 * 60 * 1_000
const KEYS_MAX = 10_000

/** Optional fields that the gateway adds to requests and an upstream rejected. */
export interface RefusedFields {
  /** The fields to omit; `key` is what the rejection applies to, such as a channel's id. */
  of(key: string): ReadonlySet<string>
  note(key: string, fields: readonly string[]): void
}

const NONE: ReadonlySet<string> = new Set()

/** Stores rejected fields for an hour, so that only the first request costs two calls. One per process. */
export function refusedFields({ clock }: { clock: Pick<Clock, 'monotonicMs'> }): RefusedFields {
  const entries = new Map<string, { fields: ReadonlySet<string>; untilMs: number }>()
  const of = (key: string): ReadonlySet<string> => {
    if (entries.size === 0) return NONE
    const entry = entries.get(key)
    if (entry === undefined) return NONE
    if (clock.monotonicMs() < entry.untilMs) return entry.fields
    entries.delete(key)
    return NONE
  }
  return {
    of,
    note(key, fields) {
      const all = new Set([...of(key), ...fields])
      entries.delete(key)
      const [oldest] = entries.keys()
      if (entries.size >= KEYS_MAX && oldest !== undefined) entries.delete(oldest)
      entries.set(key, { fields: all, untilMs: clock.monotonicMs() + REFUSED_MS })
    },
  }
}

/** Whether an error names the field, as its parameter or in its message. Pure. */
export function namesField(field: string, { param, text }: NamedIn): boolean {
  const root = param?.split(/[.[]/)[0]
  if (root === field) return true
  // A single letter or an ordinary word counts only in quotes.
  const isName = field.includes('_')
  const pattern = isName ? field.replaceAll('_', '[_ ]?') : `['"\`]${field}['"\`]`
  return new RegExp(isName ? `(?<!\\w)${pattern}(?!\\w)` : pattern, 'i').test(text)
}

interface NamedIn {
  param?: string | undefined
  text: string
}
