import { isDeepStrictEqual } from 'node:util'

import type { Usage, UsageSource } from '@sluice/contracts/usage'
import { AppError } from '@sluice/kernel/app-error'
import { assert } from '@sluice/kernel/assert'
import type { PriceBook } from '@sluice/pricing/price-book'
import { rateUsage } from '@sluice/pricing/rate-usage'

import { captureJob, dueOfJob, needsAvailable } from '../ledger/charge.ts'
import type { Hold, Movement } from '../ledger/hold.ts'
import type { LedgerTransaction } from '../store/ledger-store.ts'

/** A locked job hold and the usage of its job. */
export interface Charge {
  hold: Hold
  delivered: { usage: Usage; source: UsageSource; apiKeyId: string }
}

/**
 * Charges jobs for their usage, each at the price that was fixed when its hold was opened. Returns the
 * movements to post in the same transaction; none for a job that was charged before. Throws
 * `invalid_value` when it was charged for another usage.
 */
export async function chargeJobs(
  tx: LedgerTransaction,
  { charges, prices, at }: { charges: readonly Charge[]; prices: PriceBook; at: Date },
): Promise<Movement[]> {
  const rated = []
  for (const charge of charges.filter(isUncharged)) {
    const ratedMicro = await rate(tx, { charge, prices })
    rated.push({ ...charge, ratedMicro, dueMicro: dueOfJob({ hold: charge.hold, ratedMicro }) })
  }
  const wallets = new Set(rated.filter(needsAvailable).map(({ hold }) => hold.wallet))
  const available = new Map(await tx.lockAvailable([...wallets]))
  return rated.map(({ hold, delivered, ratedMicro }) => {
    const availableMicro = available.get(hold.wallet) ?? 0n
    const charged = captureJob({ hold, ...delivered, ratedMicro, availableMicro, at })
    // Two jobs of one wallet may both be charged late: the second sees the reduced balance.
    available.set(hold.wallet, availableMicro - (charged.hold.lateMicro - hold.lateMicro))
    return charged
  })
}

function isUncharged({ hold, delivered }: Charge): boolean {
  if (hold.usage === null) return true
  if (isDeepStrictEqual(hold.usage, delivered.usage)) return false
  throw new AppError('invalid_value', `the job ${hold.ref} was charged for another usage`, {
    param: 'usage',
  })
}

async function rate(
  tx: LedgerTransaction,
  { charge: { hold, delivered }, prices }: { charge: Charge; prices: PriceBook },
): Promise<bigint> {
  assert(hold.priceId, 'a job hold has a price')
  // Read on this connection: the pool may be exhausted by transactions like this one.
  const row = prices.priceOf(hold.priceId) ?? (await tx.findPrice(hold.priceId))
  assert(row, `price ${hold.priceId} of a hold exists`)
  return rateUsage(delivered.usage, row.price)
}
