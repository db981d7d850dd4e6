import type { PriceRow } from '@sluice/contracts/prices'

export type PriceKind = PriceRow['price']['kind']

/** Prices every model that has no row of the kind of its own. */
export const EVERY_MODEL = '*'

interface Asked {
  model: string
  kind: PriceKind
  at: Date
}

export interface PriceBook {
  readonly rows: readonly PriceRow[]
  /** The row in force for the model at that moment: its own, else that of `*`; undefined when none is. */
  priceAt(asked: Asked): PriceRow | undefined
  priceOf(priceId: string): PriceRow | undefined
}

/** Arranges price rows for look-up. Later rows of a model follow earlier ones; rows are never edited. */
export function priceBook(rows: readonly PriceRow[]): PriceBook {
  const byId = new Map(rows.map((row) => [row.id, row]))
  const bySubject = new Map<string, PriceRow[]>()
  for (const row of [...rows].sort(latestFirst)) {
    const subject = subjectOf({ model: row.model, kind: row.price.kind })
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), row])
  }
  const inForce = ({ model, kind, at }: Asked) =>
    bySubject.get(subjectOf({ model, kind }))?.find((row) => row.effectiveAt <= at)
  return {
    rows,
    priceAt: (asked) => inForce(asked) ?? inForce({ ...asked, model: EVERY_MODEL }),
    priceOf: (priceId) => byId.get(priceId),
  }
}

const subjectOf = ({ model, kind }: Omit<Asked, 'at'>) => `${kind} ${model}`

// Two rows of one moment: ids sort by time, so the one that was added later wins on every replica.
function latestFirst(a: PriceRow, b: PriceRow): number {
  const later = b.effectiveAt.getTime() - a.effectiveAt.getTime()
  if (later !== 0) return later
  return a.id < b.id ? 1 : -1
}
