import type { Tables } from '@sluice/db/tables'
import type { Transaction } from 'kysely'
import { sql } from 'kysely'

import { invariants } from '../../ledger/invariants.ts'
import type { Finding, PartialReport } from '../../ledger/report.ts'

/** Checks held balances against open holds, overdue holds, and the amounts of holds against their transfers. */
export async function verifyHolds(
  trx: Transaction<Tables>,
  { overdueBefore }: { overdueBefore: Date },
): Promise<PartialReport> {
  const { rows } = await sql<{ count: bigint }>`select count(*) from holds`.execute(trx)
  return {
    findings: [
      ...(await findWrongHeld(trx)),
      ...(await findOverdue(trx, overdueBefore)),
      ...(await findWrongHolds(trx)),
    ],
    checked: { holds: Number(rows[0]?.count ?? 0n) },
  }
}

async function findWrongHeld(trx: Transaction<Tables>): Promise<Finding[]> {
  const { rows } = await sql<{ wallet: string; stored: string; derived: string; count: bigint }>`
    with remainders as (
      select wallet, sum(amount_micro - captured_micro - released_micro) as derived
      from holds where state = 'open' group by wallet
    )
    select coalesce(account.owner, remainders.wallet) as wallet,
      coalesce(account.balance_micro, 0)::text as stored,
      coalesce(remainders.derived, 0)::text as derived, count(*) over () as count
    from (select * from ledger_accounts where kind = 'held') account
      full join remainders on remainders.wallet = account.owner
    where coalesce(account.balance_micro, 0) <> coalesce(remainders.derived, 0)
    order by 1 limit 1`.execute(trx)
  return rows.map(({ wallet, stored, derived, count }) => ({
    invariant: invariants.held,
    message: `held balance of ${wallet} is ${stored}, its open holds sum to ${derived}`,
    count: Number(count),
  }))
}

async function findOverdue(trx: Transaction<Tables>, before: Date): Promise<Finding[]> {
  const { rows } = await sql<{ id: string; ref: string; expires_at: Date; count: bigint }>`
    select id, ref, expires_at, count(*) over () as count
    from holds where state = 'open' and expires_at < ${before}
    order by expires_at, id limit 1`.execute(trx)
  return rows.map(({ id, ref, expires_at: expiresAt, count }) => ({
    invariant: invariants.overdue,
    message: `hold ${id} of ${ref} is open but expired at ${expiresAt.toISOString()}`,
    count: Number(count),
  }))
}

async function findWrongHolds(trx: Transaction<Tables>): Promise<Finding[]> {
  const { rows } = await sql<{ id: string; stored: string; derived: string; count: bigint }>`
    with moved as (
      select hold_id,
        coalesce(sum(amount_micro) filter (where kind = 'hold'), 0) as amount,
        coalesce(sum(amount_micro) filter
          (where kind = 'capture' and debit_account like 'held:%'), 0) as captured,
        coalesce(sum(amount_micro) filter (where kind = 'release'), 0) as released,
        coalesce(sum(amount_micro) filter
          (where kind = 'capture' and debit_account like 'available:%'), 0) as late,
        coalesce(sum(amount_micro) filter (where kind = 'receivable'), 0) as receivable,
        coalesce(sum(amount_micro) filter (where kind = 'refund'), 0) as refunded
      from ledger_transfers where hold_id is not null group by hold_id
    ), compared as (
      select holds.id,
        concat_ws(' ', amount_micro, captured_micro, released_micro, late_micro, receivable_micro,
          refunded_micro) as stored,
        concat_ws(' ', coalesce(amount, 0), coalesce(captured, 0), coalesce(released, 0),
          coalesce(late, 0), coalesce(receivable, 0), coalesce(refunded, 0)) as derived
      from holds left join moved on moved.hold_id = holds.id
    )
    select *, count(*) over () as count from compared where stored <> derived
    order by id limit 1`.execute(trx)
  return rows.map(({ id, stored, derived, count }) => ({
    invariant: invariants.holds,
    message:
      `hold ${id} has (amount captured released late receivable refunded) ${stored}, ` +
      `its transfers sum to ${derived}`,
    count: Number(count),
  }))
}
