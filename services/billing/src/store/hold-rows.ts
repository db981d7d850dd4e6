import type { Usage, UsageSource } from '@sluice/contracts/usage'
import type { Tables } from '@sluice/db/tables'
import type { HoldsTable } from '@sluice/db/tables/billing'
import type { Selectable, Transaction } from 'kysely'
import { sql } from 'kysely'

import type { Hold, HoldPurpose } from '../ledger/hold.ts'

export type HoldRow = Selectable<HoldsTable>

/** The hold, locked until the transaction ends. */
export async function lockHold(
  trx: Transaction<Tables>,
  { purpose, ref }: { purpose: HoldPurpose; ref: string },
): Promise<Hold | undefined> {
  const row = await trx
    .selectFrom('holds')
    .selectAll()
    .where('purpose', '=', purpose)
    .where('ref', '=', ref)
    .forNoKeyUpdate()
    .executeTakeFirst()
  return row && toHold(row)
}

/** The existing holds with these ids, locked in id order. */
export async function lockHolds(trx: Transaction<Tables>, ids: readonly string[]): Promise<Hold[]> {
  if (ids.length === 0) return []
  const rows = await trx
    .selectFrom('holds')
    .selectAll()
    .where('id', 'in', ids)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
  return rows.map(toHold)
}

/** The existing holds of these jobs, locked in id order. */
export async function lockJobHolds(
  trx: Transaction<Tables>,
  jobIds: readonly string[],
): Promise<Hold[]> {
  if (jobIds.length === 0) return []
  const rows = await trx
    .selectFrom('holds')
    .selectAll()
    .where('purpose', '=', 'job')
    .where('ref', 'in', jobIds)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
  return rows.map(toHold)
}

export async function insertHold(trx: Transaction<Tables>, hold: Hold): Promise<void> {
  const row = JSON.stringify(toHoldJson(hold))
  await sql`insert into holds select * from jsonb_populate_record(null::holds, ${row})`.execute(trx)
}

export const toHold = (row: HoldRow): Hold => ({
  id: row.id,
  wallet: row.wallet,
  purpose: row.purpose,
  ref: row.ref,
  edge: row.edge,
  model: row.model,
  priceId: row.price_id,
  amountMicro: row.amount_micro,
  capturedMicro: row.captured_micro,
  releasedMicro: row.released_micro,
  lateMicro: row.late_micro,
  receivableMicro: row.receivable_micro,
  lossMicro: row.loss_micro,
  refundedMicro: row.refunded_micro,
  state: row.state,
  usage: storedUsage(row.usage),
  usageSource: storedSource(row.usage_source),
  apiKeyId: row.api_key_id,
  expiresAt: row.expires_at,
  openedAt: row.opened_at,
  endedAt: row.ended_at,
  settledAt: row.settled_at,
})

/** The columns of a hold in the form that `jsonb_populate_recordset` reads. */
export const toHoldJson = (hold: Hold) => ({
  id: hold.id,
  wallet: hold.wallet,
  purpose: hold.purpose,
  ref: hold.ref,
  edge: hold.edge,
  model: hold.model,
  price_id: hold.priceId,
  amount_micro: String(hold.amountMicro),
  captured_micro: String(hold.capturedMicro),
  released_micro: String(hold.releasedMicro),
  late_micro: String(hold.lateMicro),
  receivable_micro: String(hold.receivableMicro),
  loss_micro: String(hold.lossMicro),
  refunded_micro: String(hold.refundedMicro),
  state: hold.state,
  usage: hold.usage,
  usage_source: hold.usageSource,
  api_key_id: hold.apiKeyId,
  expires_at: hold.expiresAt,
  opened_at: hold.openedAt,
  ended_at: hold.endedAt,
  settled_at: hold.settledAt,
})

// Only this folder writes these columns, and it writes values of these types.
export const storedUsage = (value: unknown) => value as Usage | null
const storedSource = (value: string | null) => value as UsageSource | null
