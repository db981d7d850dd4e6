import type { Billing } from '@sluice/contracts/billing.contract'
import type { PriceRow } from '@sluice/contracts/prices'
import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { startDeadline } from '@sluice/kernel/deadline'
import { singleFlight } from '@sluice/kernel/single-flight'
import { LRUCache } from 'lru-cache'

const WITHIN_MS = 2_000
const WALLETS_MAX = 20_000
/** A wallet that had money is not asked about again for so long. */
const FUNDED_MS = 5_000

/**
 * Refuses who cannot pay for anything before a large body of theirs is read. Throws `insufficient_credit`. A wallet
 * that passes may still be refused when the price of the request is known; while billing is away everybody passes,
 * since calls may go on with what they were granted.
 */
export type FundsCheck = (input: { wallet: string; prices: readonly PriceRow[] }) => Promise<void>

export function createFundsCheck({
  billing,
  clock,
}: {
  billing: Pick<Billing, 'readBalance'>
  clock: Clock
}): FundsCheck {
  const fundedUntilMs = new LRUCache<string, number>({ max: WALLETS_MAX })
  const reads = singleFlight<boolean>()
  const isFunded = async (wallet: string): Promise<boolean> => {
    const deadline = startDeadline(clock, WITHIN_MS)
    try {
      const { postedMicro } = await billing.readBalance({ wallet }, { signal: deadline.signal })
      // What is held is posted still: it may be this caller's own allowance.
      if (postedMicro <= 0n) return false
    } catch {
      return true
    } finally {
      deadline.clear()
    }
    fundedUntilMs.set(wallet, clock.nowMs() + FUNDED_MS)
    return true
  }
  return async ({ wallet, prices }) => {
    if (hasFreePrice(prices) || (fundedUntilMs.get(wallet) ?? 0) > clock.nowMs()) return
    if (await reads.run(wallet, () => isFunded(wallet))) return
    throw new AppError('insufficient_credit', 'The wallet has no credits.', {
      details: { available_credits: '0' },
    })
  }
}

const known = new WeakMap<readonly PriceRow[], boolean>()

/** True when something may cost nothing: then a wallet without credits may ask for it. */
function hasFreePrice(rows: readonly PriceRow[]): boolean {
  const before = known.get(rows)
  if (before !== undefined) return before
  const isFree = rows.some(({ price }) =>
    price.kind === 'images'
      ? price.steps.some(({ microPerImage }) => microPerImage === 0n)
      : price.inputMicroPerMillion + price.outputMicroPerMillion === 0n,
  )
  known.set(rows, isFree)
  return isFree
}
