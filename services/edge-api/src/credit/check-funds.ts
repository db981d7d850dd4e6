import type { Billing } from '@sluice/contracts/billing.contract'
import type { PriceRow } from '@sluice/contracts/prices'
import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'
import { formatCredits } from '@sluice/kernel/credits'
import { startDeadline } from '@sluice/kernel/deadline'
import { singleFlight } from '@sluice/kernel/single-flight'
import { LRUCache } from 'lru-cache'

const WITHIN_MS = 2_000
const WALLETS_MAX = 20_000
/** The balance of a funded wallet is not checked again for this long. */
const FUNDED_MS = 5_000

/** What a large body may request: only pictures, or anything. */
type Requested = 'pictures' | 'anything'

/**
 * Checks, before a large body is read, that the wallet can pay for the cheapest possible request. Throws
 * `insufficient_credit`. A wallet that passes may still be refused when the price of the request is known.
 * While billing is unavailable every wallet passes, since calls may continue on open allowances.
 */
export type FundsCheck = (input: {
  wallet: string
  prices: readonly PriceRow[]
  requested: Requested
}) => Promise<void>

export function createFundsCheck({
  billing,
  clock,
}: {
  billing: Pick<Billing, 'readBalance'>
  clock: Clock
}): FundsCheck {
  const fundedUntilMs = new LRUCache<string, number>({ max: WALLETS_MAX })
  const reads = singleFlight<boolean>()
  const isFunded = async (wallet: string, leastMicro: bigint): Promise<boolean> => {
    const deadline = startDeadline(clock, WITHIN_MS)
    try {
      const { postedMicro } = await billing.readBalance({ wallet }, { signal: deadline.signal })
      // The posted balance includes holds, which may be this caller's own allowances.
      if (postedMicro < leastMicro) return false
    } catch {
      return true
    } finally {
      deadline.clear()
    }
    fundedUntilMs.set(`${leastMicro} ${wallet}`, clock.nowMs() + FUNDED_MS)
    return true
  }
  return async ({ wallet, prices, requested }) => {
    const leastMicro = leastOf(prices)[requested]
    const name = `${leastMicro} ${wallet}`
    if (leastMicro === 0n || (fundedUntilMs.get(name) ?? 0) > clock.nowMs()) return
    if (await reads.run(name, () => isFunded(wallet, leastMicro))) return
    const required = formatCredits(leastMicro)
    const message = `The wallet has fewer than the ${required} credits that the cheapest of this costs.`
    throw new AppError('insufficient_credit', message, { details: { required_credits: required } })
  }
}

const known = new WeakMap<readonly PriceRow[], Record<Requested, bigint>>()

/** The lowest possible cost of a request; 0 where something may be free. */
function leastOf(rows: readonly PriceRow[]): Record<Requested, bigint> {
  const before = known.get(rows)
  if (before !== undefined) return before
  const pictures = rows.flatMap(({ price }) =>
    price.kind === 'images' ? price.steps.map(({ microPerImage }) => microPerImage) : [],
  )
  // The minimum for tokens is one micro-credit, unless they are free.
  const tokens = rows.flatMap(({ price }) =>
    price.kind === 'tokens'
      ? [price.inputMicroPerMillion + price.outputMicroPerMillion === 0n ? 0n : 1n]
      : [],
  )
  const least = { pictures: smallest(pictures), anything: smallest([...pictures, ...tokens]) }
  known.set(rows, least)
  return least
}

// Models without a price are not free.
const smallest = (amounts: readonly bigint[]): bigint =>
  amounts.length === 0 ? 1n : amounts.reduce((a, b) => (b < a ? b : a))
