import { isDeepStrictEqual } from 'node:util'

import type { Usage, UsageSource } from '@sluice/contracts/usage'
import { AppError } from '@sluice/kernel/app-error'
import { assert } from '@sluice/kernel/assert'
import type { PriceBook } from '@sluice/pricing/price-book'
import { rateUsage } from '@sluice/pricing/rate-usage'

import { captureJob, dueOfJob, needsAvailable } from '../ledger/charge.ts'
import type { Hold, Movement } from '../ledger/hold.ts'
import type { LedgerBook } from '../store/ledger-store.ts'

/** A locked job hold and what its job delivered. */
export interface Charge {
  hold: Hold
  delivered: { usage: Usage; source: UsageSource; apiKeyId: string }
}

/**
 * Charges jobs for what they delivered, each at the price that was frozen when its hold was opened.
 * Answers what is to be posted in the same transaction; nothing for a job that was charged before.
 * `invalid_value` when that was for another usage.
 */
export async function chargeJobs(
  book: LedgerBook,
  { charges, prices, at }: { charges: readonly Charge[]; prices: PriceBook; at: Date },
): Promise<Movement[]> {
  const rated = []
  for (const charge of charges.filter(isFresh)) {
    const ratedMicro = await rate(book, { charge, prices })
    rated.push({ ...charge, ratedMicro, dueMicro: dueOfJob({ hold: charge.hold, ratedMicro }) })
  }
  const needy = new Set(rated.filter(needsAvailable).map(({ hold }) => hold.wallet))
  const available = new Map(await book.lockAvailable([...needy]))
  return rated.map(({ hold, delivered, ratedMicro }) => {
    const availableMicro = available.get(hold.wallet) ?? 0n
    const charged = captureJob({ hold, ...delivered, ratedMicro, availableMicro, at })
    // Two late jobs of one wallet: the second finds what the first has left.
    available.set(hold.wallet, availableMicro - (charged.hold.lateMicro - hold.lateMicro))
    return charged
  })
}

function isFresh({ hold, delivered }: Charge): boolean {
  if (hold.usage === null) return true
  if (isDeepStrictEqual(hold.usage, delivered.usage)) return false
  throw new AppError('invalid_value', `the job ${hold.ref} was charged for another usage`, {
    param: 'usage',
  })
}

async function rate(
  book: LedgerBook,
  { charge: { hold, delivered }, prices }: { charge: Charge; prices: PriceBook },
): Promise<bigint> {
  assert(hold.priceId, 'a job hold has a price')
  // Never by another connection: all of them may be waiting in transactions like this one.
  const row = prices.priceOf(hold.priceId) ?? (await book.findPrice(hold.priceId))
  assert(row, `price ${hold.priceId} of a hold is in the book`)
  return rateUsage(delivered.usage, row.price)
}
