import type { Tables } from '@sluice/db/tables'
import { assert } from '@sluice/kernel/assert'
import type { Transaction } from 'kysely'
import { sql } from 'kysely'

import { legsOf } from '../ledger/transfer.ts'
import { toHoldJson } from './hold-rows.ts'
import type { Posting } from './ledger-store.ts'
import { toTransferJson } from './transfer-rows.ts'

/** Updates accounts and holds and inserts transfers in one statement; balances as in `open-hold-row.ts`. */
export async function post(trx: Transaction<Tables>, { holds, transfers }: Posting): Promise<void> {
  if (holds.length === 0 && transfers.length === 0) return
  const legs = legsOf(transfers)
  const legRows = JSON.stringify(
    legs.map(({ id, deltaMicro }) => ({ id, delta: String(deltaMicro) })),
  )
  const holdRows = JSON.stringify(holds.map(toHoldJson))
  const transferRows = JSON.stringify(transfers.map(toTransferJson))
  const { rows } = await sql<{ accounts: bigint; holds: bigint }>`
    with locked as materialized (
      select account.id, account.balance_micro + leg.delta as balance_micro
      from jsonb_to_recordset(${legRows}::jsonb) as leg (id text, delta bigint)
      join ledger_accounts account on account.id = leg.id
      order by account.id
      for no key update of account
    ), changed as (
      update ledger_accounts account
      set balance_micro = locked.balance_micro
      from locked
      where account.id = locked.id
      returning account.id
    ), written as (
      update holds
      set captured_micro = now.captured_micro,
          released_micro = now.released_micro,
          late_micro = now.late_micro,
          receivable_micro = now.receivable_micro,
          loss_micro = now.loss_micro,
          refunded_micro = now.refunded_micro,
          state = now.state,
          usage = now.usage,
          usage_source = now.usage_source,
          api_key_id = now.api_key_id,
          ended_at = now.ended_at,
          settled_at = now.settled_at
      from jsonb_populate_recordset(null::holds, ${holdRows}::jsonb) as now
      where holds.id = now.id
      returning holds.id
    ), posted as (
      insert into ledger_transfers (id, wallet, kind, debit_account, credit_account, amount_micro,
        hold_id, ref_type, ref_id, memo, created_at)
      select moved.* from jsonb_to_recordset(${transferRows}::jsonb) as moved (
        id text, wallet text, kind text, debit_account text, credit_account text,
        amount_micro bigint, hold_id text, ref_type text, ref_id text, memo text,
        created_at timestamptz)
    )
    select (select count(*) from changed) as accounts, (select count(*) from written) as holds`.execute(
    trx,
  )
  const [counts] = rows
  assert(counts?.accounts === BigInt(legs.length), 'every account of a transfer exists')
  assert(counts?.holds === BigInt(holds.length), 'every updated hold exists')
}
