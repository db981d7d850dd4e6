import type { PriceRow } from '@sluice/contracts/prices'
import { priceRow } from '@sluice/contracts/prices'
import type { Tables } from '@sluice/db/tables'
import type { PricesTable } from '@sluice/db/tables/billing'
import type { Selectable, Transaction } from 'kysely'
import { sql } from 'kysely'
import { z } from 'zod'

const { price } = priceRow.shape

export const toPriceRow = (row: Selectable<PricesTable>): PriceRow => ({
  id: row.id,
  model: row.model,
  effectiveAt: row.effective_at,
  price: price.parse(row.price),
})

export async function findPrice(
  trx: Transaction<Tables>,
  id: string,
): Promise<PriceRow | undefined> {
  const row = await trx.selectFrom('prices').selectAll().where('id', '=', id).executeTakeFirst()
  return row && toPriceRow(row)
}

/** All prices. The table lock allows reads and blocks inserts until the transaction ends. */
export async function lockPrices(trx: Transaction<Tables>): Promise<PriceRow[]> {
  await sql`lock table prices in share row exclusive mode`.execute(trx)
  return (await trx.selectFrom('prices').selectAll().orderBy('id').execute()).map(toPriceRow)
}

/** The price is stored as in the contract's JSON: amounts as decimal strings. */
export async function insertPrice(
  trx: Transaction<Tables>,
  { row, at }: { row: PriceRow; at: Date },
): Promise<void> {
  const { id, model, effectiveAt } = row
  const columns = { id, model, kind: row.price.kind, effective_at: effectiveAt, created_at: at }
  const json = JSON.stringify(z.encode(price, row.price))
  await trx
    .insertInto('prices')
    .values({ ...columns, price: json })
    .execute()
}
