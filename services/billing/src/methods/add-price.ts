import type { billingContract } from '@sluice/contracts/billing.contract'
import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { PriceRow } from '@sluice/contracts/prices'
import { AppError } from '@sluice/kernel/app-error'
import { foldCase } from '@sluice/kernel/fold-case'
import { newId } from '@sluice/kernel/ids'

import type { BillingContext } from '../deps.ts'

type AddPrice = typeof billingContract.methods.addPrice

/** Far above any real price, and low enough that no charge exceeds 18 digits of micro-credits. */
export const PRICE_MICRO_MAX = 100_000_000_000n
/** A step of fewer pixels would charge a large picture many times. */
export const STEP_PIXELS_MIN = 65_536

/** How long the outbox relay waits for the announcement below. */
const ANNOUNCE_WITHIN_MS = 200

/**
 * Adds a row to the price book; rows are never edited. Announces `catalog-changed`. Throws `invalid_value` for
 * a price out of bounds, and for a model whose name differs from another one only by case.
 */
export async function addPrice(
  { store, bus, clock, random, prices, log }: BillingContext,
  { row }: InputOf<AddPrice>,
): Promise<OutputOf<AddPrice>> {
  checkBounds(row.price)
  const id = newId('price', { clock, random })
  const now = clock.now()
  await store.inTransaction(async (tx) => {
    // The table lock serializes concurrent additions, so that the check sees all earlier rows.
    checkModelCase(row.model, await tx.lockPrices())
    await tx.addPrice({ ...row, id }, now)
    await tx.enqueueCatalogChanged(new Date(now.getTime() + ANNOUNCE_WITHIN_MS))
  })
  prices.invalidate()
  await bus.announce('catalog-changed', {}).catch((err: unknown) => {
    log.warn({ err }, 'catalog-changed was not published; the outbox relay will publish it')
  })
  return { id }
}

// Two names that differ only by case look like one model with one price.
function checkModelCase(model: string, rows: readonly PriceRow[]): void {
  const folded = foldCase(model)
  const other = rows.find((row) => row.model !== model && foldCase(row.model) === folded)
  if (!other) return
  const message = `the price book has ${other.model}, which differs from ${model} only by case`
  throw new AppError('invalid_value', message, { param: 'row.model' })
}

function checkBounds(price: PriceRow['price']): void {
  const amounts =
    price.kind === 'images'
      ? price.steps.map((step) => step.microPerImage)
      : [price.inputMicroPerMillion, price.cachedInputMicroPerMillion, price.outputMicroPerMillion]
  if (amounts.some((amount) => amount > PRICE_MICRO_MAX)) {
    throw new AppError('invalid_value', `a price is at most ${PRICE_MICRO_MAX} micro-credits`, {
      param: 'row.price',
    })
  }
  if (price.kind === 'images' && price.steps.some((step) => step.pixelsMax < STEP_PIXELS_MIN)) {
    throw new AppError('invalid_value', `a step has at least ${STEP_PIXELS_MIN} pixels`, {
      param: 'row.price.steps',
    })
  }
}
