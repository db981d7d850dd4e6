import type { PriceRow } from '@sluice/contracts/prices'
import { priceRow } from '@sluice/contracts/prices'
import type { PricesTable } from '@sluice/db/tables/billing'
import type { Selectable } from 'kysely'
import { z } from 'zod'

const { price } = priceRow.shape

export const toPriceRow = (row: Selectable<PricesTable>): PriceRow => ({
  id: row.id,
  model: row.model,
  effectiveAt: row.effective_at,
  price: price.parse(row.price),
})

/** The price in wire form: amounts as decimal strings. */
export const toPriceJson = (row: PriceRow) => JSON.stringify(z.encode(price, row.price))
