import type { Tables } from '@sluice/db/tables'
import { assert } from '@sluice/kernel/assert'
import type { Kysely } from 'kysely'
import { sql } from 'kysely'

import { accountId } from '../accounts/chart.ts'
import type { Movement } from '../ledger/hold.ts'
import type { HoldRow } from './hold-rows.ts'
import { toHold, toHoldJson } from './hold-rows.ts'
import type { OpenHoldResult } from './ledger-store.ts'
import { toTransferJson } from './transfer-rows.ts'

type Row = { [Column in keyof HoldRow]: HoldRow[Column] | null } & {
  opened: boolean
  available_micro: bigint | null
}

/**
 * Reserves credits in one statement, because a caller waits for it: looks up the hold, locks the available
 * balance, subtracts the amount if the balance covers it, and inserts the hold with its transfer. Of two
 * concurrent calls with one ref, one fails at the unique index; it is retried and finds the hold.
 *
 * The new balance is computed from the locked row. PostgreSQL evaluates a CHECK constraint on the row version
 * of the statement's snapshot, so an update based on an older and lower balance would be refused although the
 * current balance covers it.
 */
export async function openHoldRow(
  db: Kysely<Tables>,
  { hold, transfers }: Movement,
): Promise<OpenHoldResult> {
  const { wallet, amountMicro } = hold
  const { rows } = await sql<Row>`
    with known as (
      select * from holds where purpose = ${hold.purpose} and ref = ${hold.ref}
    ), available as materialized (
      select id, balance_micro from ledger_accounts
      where id = ${accountId({ kind: 'available', wallet })} and not exists (select from known)
      for no key update
    ), taken as (
      update ledger_accounts account set balance_micro = available.balance_micro - ${amountMicro}
      from available
      where account.id = available.id and available.balance_micro >= ${amountMicro}
      returning account.id
    ), held as (
      update ledger_accounts account set balance_micro = account.balance_micro + ${amountMicro}
      from taken
      where account.id = ${accountId({ kind: 'held', wallet })}
      returning account.id
    ), opened as (
      insert into holds
      select * from jsonb_populate_record(null::holds, ${JSON.stringify(toHoldJson(hold))}::jsonb)
      where exists (select from held) or (${amountMicro}::bigint = 0 and not exists (select from known))
      returning id
    ), posted as (
      insert into ledger_transfers (id, wallet, kind, debit_account, credit_account, amount_micro,
        hold_id, ref_type, ref_id, memo, created_at)
      select moved.* from jsonb_to_recordset(${JSON.stringify(transfers.map(toTransferJson))}::jsonb)
        as moved (id text, wallet text, kind text, debit_account text, credit_account text,
          amount_micro bigint, hold_id text, ref_type text, ref_id text, memo text,
          created_at timestamptz)
      where exists (select from opened)
    )
    select known.*,
      exists (select from opened) as opened,
      (select balance_micro from available) as available_micro
    from (select) as one left join known on true`.execute(db)
  const [row] = rows
  assert(row, 'the statement returns one row')
  if (row.opened) return { outcome: 'opened' }
  if (isKnown(row)) return { outcome: 'known', hold: toHold(row) }
  return { outcome: 'refused', availableMicro: row.available_micro ?? 0n }
}

// A left join: either all columns are those of a hold, or all of them are null.
function isKnown(row: Row): row is Row & HoldRow {
  return row.id !== null
}
