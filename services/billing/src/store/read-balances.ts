import type { Balance } from '@sluice/contracts/billing.contract'
import type { Tables } from '@sluice/db/tables'
import type { Kysely } from 'kysely'

import { accountId } from '../accounts/chart.ts'

/** The balances of many wallets in one statement. */
export async function readBalances(
  db: Kysely<Tables>,
  wallets: readonly string[],
): Promise<Map<string, Balance>> {
  if (wallets.length === 0) return new Map()
  const kinds = ['available', 'held'] as const
  const ids = wallets.flatMap((wallet) => kinds.map((kind) => accountId({ kind, wallet })))
  const rows = await db
    .selectFrom('ledger_accounts')
    .select(['owner', 'kind', 'balance_micro'])
    .where('id', 'in', ids)
    .execute()
  const balances = new Map<string, Balance>()
  for (const { owner, kind, balance_micro: amountMicro } of rows) {
    const before = balances.get(owner) ?? { availableMicro: 0n, heldMicro: 0n, postedMicro: 0n }
    const part = kind === 'held' ? { heldMicro: amountMicro } : { availableMicro: amountMicro }
    balances.set(owner, { ...before, ...part, postedMicro: before.postedMicro + amountMicro })
  }
  return balances
}
