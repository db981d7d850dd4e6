import type { Tables } from '@sluice/db/tables'
import type { Transaction } from 'kysely'
import { sql } from 'kysely'

import { invariants } from '../../ledger/invariants.ts'
import type { Finding, PartialReport } from '../../ledger/report.ts'

/** Checks that every balance is the sum of its legs and that all balances sum to zero. */
export async function verifyBalances(trx: Transaction<Tables>): Promise<PartialReport> {
  const totals = await sql<{ accounts: bigint; transfers: bigint; total: string }>`
    select (select count(*) from ledger_accounts) as accounts,
      (select count(*) from ledger_transfers) as transfers,
      (select coalesce(sum(balance_micro), 0)::text from ledger_accounts) as total`.execute(trx)
  const [{ accounts, transfers, total } = { accounts: 0n, transfers: 0n, total: '0' }] = totals.rows
  const findings = await findWrongBalances(trx)
  if (total !== '0') {
    const message = `all balances sum to ${total}, not to 0`
    findings.push({ invariant: invariants.balances, message, count: 1 })
  }
  return { findings, checked: { accounts: Number(accounts), transfers: Number(transfers) } }
}

async function findWrongBalances(trx: Transaction<Tables>): Promise<Finding[]> {
  const { rows } = await sql<{ id: string; stored: string | null; derived: string; count: bigint }>`
    with legs as (
      select credit_account as id, amount_micro from ledger_transfers
      union all
      select debit_account, -amount_micro from ledger_transfers
    ), sums as (
      select id, sum(amount_micro) as derived from legs group by id
    )
    select coalesce(account.id, sums.id) as id, account.balance_micro::text as stored,
      coalesce(sums.derived, 0)::text as derived, count(*) over () as count
    from ledger_accounts account full join sums on sums.id = account.id
    where account.balance_micro is distinct from coalesce(sums.derived, 0)
    order by 1 limit 1`.execute(trx)
  return rows.map(({ id, stored, derived, count }) => ({
    invariant: invariants.balances,
    message: `balance of ${id} is ${stored ?? 'missing'}, its transfers sum to ${derived}`,
    count: Number(count),
  }))
}
