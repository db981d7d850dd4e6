import type { Tables } from '@sluice/db/tables'
import type { Transaction } from 'kysely'
import { sql } from 'kysely'

import { invariants } from '../../ledger/invariants.ts'
import type { Finding, PartialReport } from '../../ledger/report.ts'

/** Checks that every posting and allowance is the sum of its usage records, and that none was refused. */
export async function verifyUsage(trx: Transaction<Tables>): Promise<PartialReport> {
  const { rows } = await sql<{ count: bigint }>`select count(*) from usage_records`.execute(trx)
  return {
    findings: [
      ...(await findWrongPostings(trx)),
      ...(await findWrongAllowances(trx)),
      ...(await findRefused(trx)),
    ],
    checked: { usageRecords: Number(rows[0]?.count ?? 0n) },
  }
}

async function findWrongPostings(trx: Transaction<Tables>): Promise<Finding[]> {
  const { rows } = await sql<{ id: string; records: string; transfers: string; count: bigint }>`
    with recorded as (
      select posting_id, hold_id, sum(amount_micro) as amount from usage_records
      group by posting_id, hold_id
    ), posted as (
      select ref_id as posting_id, hold_id, sum(amount_micro) as amount from ledger_transfers
      where ref_type = 'usage' group by ref_id, hold_id
    )
    select posting_id as id, coalesce(recorded.amount, 0)::text as records,
      coalesce(posted.amount, 0)::text as transfers, count(*) over () as count
    from recorded full join posted using (posting_id, hold_id)
    where coalesce(recorded.amount, 0) <> coalesce(posted.amount, 0)
    order by 1 limit 1`.execute(trx)
  return rows.map(({ id, records, transfers, count }) => ({
    invariant: invariants.usage,
    message: `posting ${id} captured ${transfers}, its usage records sum to ${records}`,
    count: Number(count),
  }))
}

async function findWrongAllowances(trx: Transaction<Tables>): Promise<Finding[]> {
  const { rows } = await sql<{ id: string; stored: string; records: string; count: bigint }>`
    with recorded as (
      select hold_id, sum(amount_micro) as amount, sum(loss_micro) as loss from usage_records
      group by hold_id
    ), compared as (
      select holds.id,
        concat_ws(' ', captured_micro + late_micro + receivable_micro, loss_micro) as stored,
        concat_ws(' ', coalesce(recorded.amount, 0), coalesce(recorded.loss, 0)) as records
      from holds left join recorded on recorded.hold_id = holds.id
      where holds.purpose = 'allowance'
    )
    select *, count(*) over () as count from compared where stored <> records
    order by id limit 1`.execute(trx)
  return rows.map(({ id, stored, records, count }) => ({
    invariant: invariants.usage,
    message: `allowance ${id} has (charged loss) ${stored}, its usage records sum to ${records}`,
    count: Number(count),
  }))
}

async function findRefused(trx: Transaction<Tables>): Promise<Finding[]> {
  const { rows } = await sql<{ id: string; reason: string; count: bigint }>`
    select request_id as id, reason, count(*) over () as count from refused_usage
    where not exists (select from usage_records where request_id = refused_usage.request_id)
    order by refused_at, request_id limit 1`.execute(trx)
  return rows.map(({ id, reason, count }) => ({
    invariant: invariants.usage,
    message: `usage record ${id} was refused and not charged: ${reason}`,
    count: Number(count),
  }))
}
