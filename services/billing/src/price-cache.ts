import type { Clock } from '@sluice/kernel/clock'
import { singleFlight } from '@sluice/kernel/single-flight'
import type { PriceBook } from '@sluice/pricing/price-book'
import { priceBook } from '@sluice/pricing/price-book'

import type { LedgerStore } from './store/ledger-store.ts'

/** The price book cached by this replica. Rows are never edited, so only new ones can be missing. */
export interface PriceCache {
  book(): Promise<PriceBook>
  /** The book with these rows, read again once if one of them is missing. */
  bookWith(priceIds: Iterable<string>): Promise<PriceBook>
  /** The next access reads the rows again. */
  invalidate(): void
  /** Reads the revision and invalidates the cache if it changed, whether or not the change was announced. */
  invalidateIfChanged(): Promise<void>
}

export function createPriceCache({
  store,
  clock,
  maxAgeMs,
}: {
  store: Pick<LedgerStore, 'readPrices' | 'readPricesRevision'>
  clock: Clock
  maxAgeMs: number
}): PriceCache {
  const flights = singleFlight<PriceBook>()
  let generation = 0
  let cached: { book: PriceBook; atMs: number } | undefined
  let lastRevision: bigint | undefined

  const read = () => {
    const started = generation
    return flights.run(String(started), async () => {
      const atMs = clock.monotonicMs()
      const book = priceBook(await store.readPrices())
      // A read that began before an invalidation may lack the new row, so it is not cached.
      if (started === generation) cached = { book, atMs }
      return book
    })
  }
  const invalidate = () => {
    generation += 1
    cached = undefined
  }
  const book = async () =>
    cached && clock.monotonicMs() - cached.atMs < maxAgeMs ? cached.book : read()

  return {
    book,
    bookWith: async (priceIds) => {
      const first = await book()
      const isKnown = (priceId: string) => first.priceOf(priceId) !== undefined
      return [...priceIds].every(isKnown) ? first : read()
    },
    invalidate,
    invalidateIfChanged: async () => {
      const revision = await store.readPricesRevision()
      if (revision !== lastRevision) invalidate()
      lastRevision = revision
    },
  }
}
