import { clearOutbox, writeOutbox } from '@sluice/db/outbox'
import type { Tables } from '@sluice/db/tables'
import { assert } from '@sluice/kernel/assert'
import type { Transaction } from 'kysely'
import { sql } from 'kysely'

import { accountId, accountKinds } from '../accounts/chart.ts'
import { legsOf } from '../ledger/transfer.ts'
import { toHold, toHoldJson } from './hold-rows.ts'
import type { EndedJob, LedgerBook, Posting } from './ledger-store.ts'
import { toPriceJson, toPriceRow } from './price-rows.ts'
import { toTransfer, toTransferJson } from './transfer-rows.ts'
import { insertUsage, refuseUsage } from './usage-rows.ts'

/** What the owner of the jobs tells within our transaction; `read-ended-job.ts` of packages/jobs. */
export interface Jobs {
  readEndedJob(trx: Transaction<Tables>, jobId: string): Promise<EndedJob | undefined>
  isJobRunning(trx: Transaction<Tables>, jobId: string): Promise<boolean>
}

/**
 * The book within a transaction. Locks are taken in one order everywhere, or writers would wait for
 * each other in a ring: holds by id, then accounts by id (all `available` ones sort first).
 */
export function kyselyLedgerBook({
  trx,
  jobs,
}: {
  trx: Transaction<Tables>
  jobs: Jobs
}): LedgerBook {
  return {
    lockHold: async ({ purpose, ref }) => {
      const row = await trx
        .selectFrom('holds')
        .selectAll()
        .where('purpose', '=', purpose)
        .where('ref', '=', ref)
        .forNoKeyUpdate()
        .executeTakeFirst()
      return row && toHold(row)
    },
    lockHolds: async (ids) => {
      if (ids.length === 0) return []
      const rows = await trx
        .selectFrom('holds')
        .selectAll()
        .where('id', 'in', ids)
        .orderBy('id')
        .forNoKeyUpdate()
        .execute()
      return rows.map(toHold)
    },
    lockAvailable: async (wallets) => lockAvailable(trx, wallets),
    ensureWallet: async (wallet, at) => {
      const rows = accountKinds.map((kind) => ({
        id: accountId({ kind, wallet }),
        kind,
        owner: wallet,
        created_at: at,
      }))
      await trx
        .insertInto('ledger_accounts')
        .values(rows)
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    },
    findTransfer: async (id) => {
      const row = await trx
        .selectFrom('ledger_transfers')
        .selectAll()
        .where('id', '=', id)
        .executeTakeFirst()
      return row && toTransfer(row)
    },
    addHold: async (hold) => {
      const rows = JSON.stringify([toHoldJson(hold)])
      await sql`insert into holds select * from jsonb_populate_recordset(null::holds, ${rows})`.execute(
        trx,
      )
    },
    post: async (posting) => post(trx, posting),
    addUsage: async (records, at) => insertUsage(trx, { records, at }),
    refuseUsage: async (refusals, at) => refuseUsage(trx, { refusals, at }),
    findPrice: async (id) => {
      const row = await trx.selectFrom('prices').selectAll().where('id', '=', id).executeTakeFirst()
      return row && toPriceRow(row)
    },
    addPrice: async (row, at) => {
      const { id, model, effectiveAt } = row
      await trx
        .insertInto('prices')
        .values({
          id,
          model,
          kind: row.price.kind,
          effective_at: effectiveAt,
          price: toPriceJson(row),
          created_at: at,
        })
        .execute()
    },
    promiseCatalogChanged: async (dueAt) =>
      writeOutbox(trx, { topic: 'catalog-changed', key: 'prices', payload: {}, dueAt }),
    readEndedJob: async (jobId) => jobs.readEndedJob(trx, jobId),
    isJobRunning: async (jobId) => jobs.isJobRunning(trx, jobId),
    clearJobEnded: async (jobId) => {
      await clearOutbox(trx, { topic: 'image-job-ended', key: jobId })
    },
  }
}

async function lockAvailable(
  trx: Transaction<Tables>,
  wallets: readonly string[],
): Promise<Map<string, bigint>> {
  if (wallets.length === 0) return new Map()
  const ids = wallets.map((wallet) => accountId({ kind: 'available', wallet }))
  const rows = await trx
    .selectFrom('ledger_accounts')
    .select(['owner', 'balance_micro'])
    .where('id', 'in', ids)
    .orderBy('id')
    .forNoKeyUpdate()
    .execute()
  return new Map(rows.map((row) => [row.owner, row.balance_micro]))
}

/** Everything that a decision changes, in one statement; balances as in `open-hold-row.ts`. */
async function post(trx: Transaction<Tables>, { holds, transfers }: Posting): Promise<void> {
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
  assert(counts?.holds === BigInt(holds.length), 'every hold of a decision exists')
}
