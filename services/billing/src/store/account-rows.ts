import type { Tables } from '@sluice/db/tables'
import type { Transaction } from 'kysely'

import { accountId, accountKinds } from '../accounts/chart.ts'

/** The available balance of each existing wallet; its row stays locked until the transaction ends. */
export async function lockAvailable(
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

/** Creates the missing accounts of a wallet. */
export async function ensureAccounts(
  trx: Transaction<Tables>,
  { wallet, at }: { wallet: string; at: Date },
): Promise<void> {
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
}
