import type { PriceRow } from '@sluice/contracts/prices'

import type { Account } from '../accounts/chart.ts'
import { accountId } from '../accounts/chart.ts'
import type { Hold } from '../ledger/hold.ts'
import type { LedgerRows, StoredUsage } from '../ledger/invariants.ts'
import type { PostedTransfer } from '../ledger/transfer.ts'
import type { RefusedUsage } from './ledger-store.ts'
import { transactionalMap } from './transactional-map.ts'

export type MemoryTables = ReturnType<typeof memoryTables>

/** The tables of the in-memory ledger, rolled back together. */
export function memoryTables() {
  const accounts = transactionalMap<string, Account>()
  const holds = transactionalMap<string, Hold>()
  const transfers = transactionalMap<string, PostedTransfer>()
  const usage = transactionalMap<string, StoredUsage>()
  const refused = transactionalMap<string, RefusedUsage>()
  const prices = transactionalMap<string, PriceRow>()
  const all = [accounts, holds, transfers, usage, refused, prices]
  const transfersBySeq = () => transfers.values().sort((a, b) => Number(a.seq - b.seq))
  return {
    accounts,
    holds,
    transfers,
    usage,
    refused,
    prices,
    commit: () => all.forEach((table) => table.commit()),
    rollback: () => all.forEach((table) => table.rollback()),
    transfersBySeq,
    readAll: (): LedgerRows => ({
      accounts: accounts.values(),
      transfers: transfersBySeq(),
      holds: holds.values(),
      usage: usage.values(),
    }),
    balanceOf: ({ kind, wallet }: { kind: Account['kind']; wallet: string }) =>
      accounts.get(accountId({ kind, wallet }))?.balanceMicro ?? 0n,
    findHold: ({ purpose, ref }: Pick<Hold, 'purpose' | 'ref'>) =>
      holds.values().find((hold) => hold.purpose === purpose && hold.ref === ref),
  }
}
