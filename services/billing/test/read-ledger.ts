import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'

import type { LedgerRows } from '../src/ledger/invariants.ts'
import { toHold } from '../src/store/hold-rows.ts'
import { toTransfer } from '../src/store/transfer-rows.ts'
import { toUsageRecord } from '../src/store/usage-rows.ts'

/** All ledger rows of a database, in the form of the in-memory store. */
export async function readLedger(db: Kysely<Tables>): Promise<LedgerRows> {
  const accounts = await db.selectFrom('ledger_accounts').selectAll().execute()
  const transfers = await db.selectFrom('ledger_transfers').selectAll().orderBy('seq').execute()
  const holds = await db.selectFrom('holds').selectAll().execute()
  const usage = await db.selectFrom('usage_records').selectAll().execute()
  return {
    accounts: accounts.map((row) => ({
      id: row.id,
      kind: row.kind,
      owner: row.owner,
      balanceMicro: row.balance_micro,
    })),
    transfers: transfers.map(toTransfer),
    holds: holds.map(toHold),
    usage: usage.map((row) => ({ ...toUsageRecord(row), postingId: row.posting_id })),
  }
}
