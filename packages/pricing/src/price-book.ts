import type { PriceRow } from '@sluice/contracts/prices'

export type PriceKind = PriceRow['price']['kind']

/** The model of a row that applies to every model without a row of that kind. */
export const EVERY_MODEL = '*'

interface PriceQuery {
  model: string
  kind: PriceKind
  at: Date
}

export interface PriceBook {
  readonly rows: readonly PriceRow[]
  /** The row in force for the model at that time: its own, else that of `*`; undefined when there is none. */
  priceAt(query: PriceQuery): PriceRow | undefined
  priceOf(priceId: string): PriceRow | undefined
}

/** Indexes price rows for look-up. A later row of a model replaces the earlier one; rows are never edited. */
export function priceBook(rows: readonly PriceRow[]): PriceBook {
  const byId = new Map(rows.map((row) => [row.id, row]))
  const bySubject = new Map<string, PriceRow[]>()
  for (const row of [...rows].sort(latestFirst)) {
    const subject = subjectOf({ model: row.model, kind: row.price.kind })
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), row])
  }
  const inForce = ({ model, kind, at }: PriceQuery) =>
    bySubject.get(subjectOf({ model, kind }))?.find((row) => row.effectiveAt <= at)
  return {
    rows,
    priceAt: (query) => inForce(query) ?? inForce({ ...query, model: EVERY_MODEL }),
    priceOf: (priceId) => byId.get(priceId),
  }
}

const subjectOf = ({ model, kind }: Omit<PriceQuery, 'at'>) => `${kind} ${model}`

// Rows with the same effective time: ids sort by time, so every replica uses the one that was added later.
function latestFirst(a: PriceRow, b: PriceRow): number {
  const later = b.effectiveAt.getTime() - a.effectiveAt.getTime()
  if (later !== 0) return later
  return a.id < b.id ? 1 : -1
}
