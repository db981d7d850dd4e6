import { isDeepStrictEqual } from 'node:util'

import type { Usage, UsageSource } from '@sluice/contracts/usage'
import { AppError } from '@sluice/kernel/app-error'
import { assert } from '@sluice/kernel/assert'
import type { PriceBook } from '@sluice/pricing/price-book'
import { rateUsage } from '@sluice/pricing/rate-usage'

import { captureJob, dueOfJob, needsAvailable } from '../ledger/charge.ts'
import type { Hold } from '../ledger/hold.ts'
import type { LedgerBook } from '../store/ledger-store.ts'

export interface Delivered {
  usage: Usage
  source: UsageSource
  apiKeyId: string
}

/**
 * Charges a locked job hold for what was delivered, at the price that was frozen when it was opened,
 * within the caller's transaction. Safe to repeat; `invalid_value` when the repeat says otherwise.
 */
export async function chargeJob(
  book: LedgerBook,
  {
    hold,
    delivered,
    prices,
    at,
  }: { hold: Hold; delivered: Delivered; prices: PriceBook; at: Date },
): Promise<{ hold: Hold; fresh: boolean }> {
  if (hold.usage !== null) {
    if (isDeepStrictEqual(hold.usage, delivered.usage)) return { hold, fresh: false }
    throw new AppError('invalid_value', 'the job was charged for another usage', { param: 'usage' })
  }
  assert(hold.priceId, 'a job hold has a price')
  // Never by another connection: all of them may be waiting in transactions like this one.
  const row = prices.priceOf(hold.priceId) ?? (await book.findPrice(hold.priceId))
  assert(row, `price ${hold.priceId} of an open hold is in the book`)
  const ratedMicro = rateUsage(delivered.usage, row.price)
  const dueMicro = dueOfJob({ hold, ratedMicro })
  const available = needsAvailable({ hold, dueMicro }) ? [hold.wallet] : []
  const availableMicro = (await book.lockAvailable(available)).get(hold.wallet) ?? 0n
  const charged = captureJob({ hold, ...delivered, ratedMicro, availableMicro, at })
  await book.post({ holds: [charged.hold], transfers: charged.transfers })
  return { hold: charged.hold, fresh: true }
}
