import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import type { Settlements } from './ledger-store.ts'

/**
 * By job or request id. A job is settled when its hold was settled or has ended: only the hold of a job
 * that does not exist expires unsettled.
 */
export async function readSettlements(
  db: Kysely<Tables>,
  refs: readonly string[],
): Promise<Settlements> {
  const { rows } = await sql<{ ref: string; charged: bigint | null }>`
    select ref, case
        when settled_at is null and state = 'open' then null
        else captured_micro + late_micro + receivable_micro
      end as charged
    from holds where purpose = 'job' and ref = any(${[...refs]})
    union all
    select request_id, amount_micro from usage_records
    where request_id = any(${[...refs]})`.execute(db)
  const result: Settlements = { settled: [], open: [] }
  for (const { ref, charged } of rows) {
    if (charged === null) result.open.push(ref)
    else result.settled.push({ ref, chargedMicro: charged })
  }
  return result
}
