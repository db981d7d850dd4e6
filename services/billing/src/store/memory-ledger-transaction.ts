import { assert } from '@sluice/kernel/assert'

import { accountId, accountKinds, isWithinBounds } from '../accounts/chart.ts'
import type { Hold } from '../ledger/hold.ts'
import { faultOfHold } from '../ledger/invariants.ts'
import { legsOf } from '../ledger/transfer.ts'
import type { LedgerTransaction, Posting } from './ledger-store.ts'
import type { MemoryTables } from './memory-tables.ts'

/** Queries on jobs. */
export type MemoryJobs = Pick<LedgerTransaction, 'readEndedJob' | 'isJobRunning' | 'hasJob'>

/** The ledger within an in-memory transaction. The outbox rows in `cleared` are deleted at the commit. */
export function memoryLedgerTransaction({
  tables,
  jobs,
  cleared,
}: {
  tables: MemoryTables
  jobs: MemoryJobs
  cleared: string[]
}): LedgerTransaction {
  return {
    lockHold: async (key) => tables.findHold(key),
    lockHolds: async (ids) => [...ids].sort().flatMap((id) => tables.holds.get(id) ?? []),
    lockJobHolds: async (jobIds) =>
      jobIds
        .flatMap((ref) => tables.findHold({ purpose: 'job', ref }) ?? [])
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    lockAvailable: async (wallets) =>
      new Map(
        wallets.flatMap((wallet) => {
          const account = tables.accounts.get(accountId({ kind: 'available', wallet }))
          return account ? [[wallet, account.balanceMicro] as const] : []
        }),
      ),
    ensureWallet: async (wallet) => {
      for (const kind of accountKinds) {
        const id = accountId({ kind, wallet })
        if (tables.accounts.has(id)) continue
        tables.accounts.set(id, { id, kind, owner: wallet, balanceMicro: 0n })
      }
    },
    findTransfer: async (id) => tables.transfers.get(id),
    addHold: async (hold) => {
      assert(!tables.findHold(hold) && !tables.holds.has(hold.id), 'one hold per (purpose, ref)')
      writeHold(tables, hold)
    },
    post: async (posting) => post(tables, posting),
    addUsage: async (records) => {
      const added = records.filter(({ record }) => !tables.usage.has(record.requestId))
      for (const { record, postingId } of added) {
        tables.usage.set(record.requestId, { ...record, postingId })
      }
      return new Set(added.map(({ record }) => record.requestId))
    },
    refuseUsage: async (refusals) => {
      for (const refusal of refusals) {
        const { requestId } = refusal.record
        if (!tables.refused.has(requestId)) tables.refused.set(requestId, refusal)
      }
    },
    findPrice: async (id) => tables.prices.get(id),
    lockPrices: async () => [...tables.prices.values()],
    addPrice: async (row) => tables.prices.set(row.id, row),
    // There is no outbox relay: the in-memory store is used with the in-memory bus, which loses nothing.
    enqueueCatalogChanged: async () => {},
    readEndedJob: jobs.readEndedJob,
    hasJob: jobs.hasJob,
    isJobRunning: jobs.isJobRunning,
    clearJobsEnded: async (jobIds) => void cleared.push(...jobIds),
  }
}

function post(tables: MemoryTables, { holds, transfers }: Posting): void {
  for (const { id, deltaMicro } of legsOf(transfers)) {
    const account = tables.accounts.get(id)
    assert(account, `there is no account ${id}`)
    const changed = { ...account, balanceMicro: account.balanceMicro + deltaMicro }
    assert(isWithinBounds(changed), `${id} would be out of bounds`)
    tables.accounts.set(id, changed)
  }
  for (const transfer of transfers) {
    assert(!tables.transfers.has(transfer.id), `transfer ${transfer.id} exists already`)
    tables.transfers.set(transfer.id, { ...transfer, seq: BigInt(tables.transfers.size) + 1n })
  }
  for (const hold of holds) {
    assert(tables.holds.has(hold.id), `there is no hold ${hold.id}`)
    writeHold(tables, hold)
  }
}

function writeHold(tables: MemoryTables, hold: Hold): void {
  const fault = faultOfHold(hold)
  assert(fault === undefined, `hold ${hold.id}: ${fault}`)
  tables.holds.set(hold.id, hold)
}
