import type { Clock } from '@sluice/kernel/clock'
import { singleFlight } from '@sluice/kernel/single-flight'
import type { PriceBook } from '@sluice/pricing/price-book'
import { priceBook } from '@sluice/pricing/price-book'

import type { LedgerStore } from './store/ledger-store.ts'

/** The price book as this replica knows it. Rows are never edited, so only new ones can be missing. */
export interface KnownPrices {
  book(): Promise<PriceBook>
  /** The book with these rows in it, read anew once if one of them is not known. */
  bookWith(priceIds: Iterable<string>): Promise<PriceBook>
  /** There are new rows: the next look reads them. */
  forget(): void
  /** Forgets them if they changed, whether or not that was announced. */
  follow(): Promise<void>
}

export function knownPrices({
  store,
  clock,
  maxAgeMs,
}: {
  store: Pick<LedgerStore, 'readPrices' | 'readPricesRevision'>
  clock: Clock
  maxAgeMs: number
}): KnownPrices {
  const flights = singleFlight<PriceBook>()
  let generation = 0
  let known: { book: PriceBook; atMs: number } | undefined
  let followed: bigint | undefined

  const read = () => {
    const started = generation
    return flights.run(String(started), async () => {
      const atMs = clock.monotonicMs()
      const book = priceBook(await store.readPrices())
      // What was read before it was forgotten may lack the very row that it was forgotten for.
      if (started === generation) known = { book, atMs }
      return book
    })
  }
  const forget = () => {
    generation += 1
    known = undefined
  }
  const book = async () =>
    known && clock.monotonicMs() - known.atMs < maxAgeMs ? known.book : read()

  return {
    book,
    bookWith: async (priceIds) => {
      const first = await book()
      const isKnown = (priceId: string) => first.priceOf(priceId) !== undefined
      return [...priceIds].every(isKnown) ? first : read()
    },
    forget,
    follow: async () => {
      const revision = await store.readPricesRevision()
      if (revision !== followed) forget()
      followed = revision
    },
  }
}
