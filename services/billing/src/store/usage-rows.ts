import type { UsageRecord } from '@sluice/contracts/billing.contract'
import { usageRecord } from '@sluice/contracts/billing.contract'
import type { Tables } from '@sluice/db/tables'
import type { UsageRecordsTable } from '@sluice/db/tables/billing'
import type { Selectable, Transaction } from 'kysely'
import { sql } from 'kysely'
import { z } from 'zod'

import type { CountedUsage, RefusedUsage } from './ledger-store.ts'

/**
 * Inserts the records that are not stored yet; returns their request ids. Inserts in order of request ids,
 * so that two batches with the same records cannot deadlock.
 */
export async function insertUsage(
  trx: Transaction<Tables>,
  { records, at }: { records: readonly CountedUsage[]; at: Date },
): Promise<Set<string>> {
  if (records.length === 0) return new Set()
  const rows = JSON.stringify(
    records.map(({ record, postingId }) => ({
      request_id: record.requestId,
      hold_id: record.allowanceId,
      posting_id: postingId,
      wallet: record.wallet,
      api_key_id: record.apiKeyId,
      model: record.model,
      price_id: record.priceId,
      usage: record.usage,
      usage_source: record.source,
      reserved_micro: String(record.reservedMicro),
      amount_micro: String(record.amountMicro),
      loss_micro: String(record.upstreamLossMicro),
      end_state: record.endState,
      ended_at: record.endedAt,
      recorded_at: at,
    })),
  )
  const inserted = await sql<{ request_id: string }>`
    insert into usage_records
    select * from jsonb_populate_recordset(null::usage_records, ${rows}::jsonb)
    order by request_id
    on conflict (request_id) do nothing
    returning request_id`.execute(trx)
  return new Set(inserted.rows.map((row) => row.request_id))
}

/** Stores each refused record once, unchanged, with the first reason. */
export async function refuseUsage(
  trx: Transaction<Tables>,
  { refusals, at }: { refusals: readonly RefusedUsage[]; at: Date },
): Promise<void> {
  if (refusals.length === 0) return
  const rows = refusals.map(({ record, reason }) => ({
    request_id: record.requestId,
    reason,
    record: JSON.stringify(z.encode(usageRecord, record)),
    refused_at: at,
  }))
  await trx
    .insertInto('refused_usage')
    .values(rows)
    .onConflict((conflict) => conflict.column('request_id').doNothing())
    .execute()
}

/** A stored record as the edge sent it. */
export const toUsageRecord = (row: Selectable<UsageRecordsTable>): UsageRecord => ({
  requestId: row.request_id,
  allowanceId: row.hold_id,
  wallet: row.wallet,
  apiKeyId: row.api_key_id,
  model: row.model,
  priceId: row.price_id,
  usage: stored<UsageRecord['usage']>(row.usage),
  source: stored<UsageRecord['source']>(row.usage_source),
  reservedMicro: row.reserved_micro,
  amountMicro: row.amount_micro,
  upstreamLossMicro: row.loss_micro,
  endState: stored<UsageRecord['endState']>(row.end_state),
  endedAt: row.ended_at,
})

// Only this file writes these columns, and it writes values of these types.
const stored = <Value>(value: unknown) => value as Value
