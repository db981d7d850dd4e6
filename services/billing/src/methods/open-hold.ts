import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import { AppError } from '@sluice/kernel/app-error'
import { unreachable } from '@sluice/kernel/assert'
import { newId } from '@sluice/kernel/ids'
import { rateUsage } from '@sluice/pricing/rate-usage'
import { crashPoint } from '@sluice/service-kit/crash-point'

import type { BillingContext } from '../deps.ts'
import type { Hold } from '../ledger/hold.ts'
import { openedHold } from '../ledger/hold.ts'

type OpenHold = typeof billingContract.methods.openHold

/** Reserves the worst-case charge of a job at the current price. Idempotent per `ref`. */
export async function openHold(
  { store, prices, clock, random, counters }: BillingContext,
  { wallet, ref, model, worstCase, expiresAt }: InputOf<OpenHold>,
): Promise<OutputOf<OpenHold>> {
  const now = clock.now()
  const book = await prices.book()
  const row = book.priceAt({ model, kind: worstCase.kind, at: now })
  if (!row) {
    counters.holds.add({ purpose: 'job', outcome: 'unpriced' })
    return { outcome: 'unpriced' }
  }
  const amountMicro = rateUsage(worstCase, row.price)
  const opened = openedHold({
    id: newId('hold', { clock, random }),
    wallet,
    purpose: 'job',
    ref,
    edge: null,
    model,
    priceId: row.id,
    amountMicro,
    expiresAt,
    openedAt: now,
  })
  const result = await store.openHold(opened)
  crashPoint('billing-after-hold')
  counters.holds.add({ purpose: 'job', outcome: result.outcome })
  switch (result.outcome) {
    case 'opened':
      return {
        outcome: 'opened',
        holdId: opened.hold.id,
        amountMicro,
        priceId: row.id,
        fresh: true,
      }
    case 'known':
      return resultForExisting(result.hold, { wallet, model })
    case 'refused':
      return { ...result, requiredMicro: amountMicro }
    default:
      return unreachable(result)
  }
}

function resultForExisting(
  hold: Hold,
  request: { wallet: string; model: string },
): OutputOf<OpenHold> {
  if (hold.wallet !== request.wallet || hold.model !== request.model || hold.priceId === null) {
    throw new AppError('invalid_value', 'the hold of the job belongs to another wallet or model', {
      param: 'ref',
    })
  }
  const { id: holdId, amountMicro, priceId, state } = hold
  if (state !== 'open') return { outcome: 'ended', holdId }
  return { outcome: 'opened', holdId, amountMicro, priceId, fresh: false }
}
