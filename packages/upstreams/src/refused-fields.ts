import type { Clock } from '@sluice/kernel/clock'

/** An upstream may learn a field: after this it is sent again once. */
const REFUSED_MS = 60 * 60 * 1_000
const PLACES_MAX = 10_000

/** Optional fields that we add to requests and that an upstream does not take. */
export interface RefusedFields {
  /** What not to send there; `place` is whatever the refusal holds for, such as a channel's id. */
  of(place: string): ReadonlySet<string>
  note(place: string, fields: readonly string[]): void
}

const NONE: ReadonlySet<string> = new Set()

/** Remembers refused fields for an hour, so that not every request costs two calls. One per process. */
export function refusedFields({ clock }: { clock: Pick<Clock, 'monotonicMs'> }): RefusedFields {
  const places = new Map<string, { fields: ReadonlySet<string>; untilMs: number }>()
  const of = (place: string): ReadonlySet<string> => {
    if (places.size === 0) return NONE
    const known = places.get(place)
    if (known === undefined) return NONE
    if (clock.monotonicMs() < known.untilMs) return known.fields
    places.delete(place)
    return NONE
  }
  return {
    of,
    note(place, fields) {
      const all = new Set([...of(place), ...fields])
      places.delete(place)
      const [oldest] = places.keys()
      if (places.size >= PLACES_MAX && oldest !== undefined) places.delete(oldest)
      places.set(place, { fields: all, untilMs: clock.monotonicMs() + REFUSED_MS })
    },
  }
}

/** Whether an error names the field, as a parameter or in its words. Pure. */
export function namesField(field: string, { param, text }: NamedIn): boolean {
  const root = param?.split(/[.[]/)[0]
  if (root === field) return true
  // A name of one letter, or one that is a word of the language, must look like a name.
  const isName = field.includes('_')
  const pattern = isName ? field.replaceAll('_', '[_ ]?') : `['"\`]${field}['"\`]`
  return new RegExp(isName ? `(?<!\\w)${pattern}(?!\\w)` : pattern, 'i').test(text)
}

interface NamedIn {
  param?: string | undefined
  text: string
}
