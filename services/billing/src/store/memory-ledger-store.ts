import type { PriceRow } from '@sluice/contracts/prices'
import { assert } from '@sluice/kernel/assert'

import type { Account } from '../accounts/chart.ts'
import { accountId, accountKinds, isWithinFloor } from '../accounts/chart.ts'
import type { Hold } from '../ledger/hold.ts'
import type { Book, StoredUsage } from '../ledger/invariants.ts'
import { faultOfHold } from '../ledger/invariants.ts'
import { reportOfBook } from '../ledger/report.ts'
import type { Seal } from '../ledger/seal.ts'
import type { PostedTransfer } from '../ledger/transfer.ts'
import { legsOf } from '../ledger/transfer.ts'
import type { LedgerBook, LedgerStore, OpenHold, Posting, RefusedUsage } from './ledger-store.ts'
import { undoableMap } from './undoable-map.ts'

export interface MemoryLedgerStore extends LedgerStore {
  /** All of it, for those who check it. */
  readBook(): Promise<Book>
  readRefused(): Promise<RefusedUsage[]>
  /** Jobs of whose end billing still has to be told. */
  outbox: Set<string>
}

type MemoryJobs = Pick<LedgerBook, 'readEndedJob' | 'isJobRunning'>

/** The book as maps: one transaction at a time, undone as a whole when it fails. */
export function memoryLedgerStore({
  prices = [],
  jobs,
}: {
  prices?: PriceRow[]
  jobs: MemoryJobs
}): MemoryLedgerStore {
  const tables = memoryTables()
  const outbox = new Set<string>()
  const seals: Seal[] = []
  let queue: Promise<unknown> = Promise.resolve()
  for (const row of prices) tables.prices.set(row.id, row)
  tables.commit()

  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const turn = queue.then(work)
    queue = turn.catch(() => undefined)
    return turn
  }
  const inTransaction = <Result>(work: (book: LedgerBook) => Promise<Result>) =>
    inTurn(async () => {
      const cleared: string[] = []
      try {
        const result = await work(memoryBook({ tables, jobs, cleared }))
        tables.commit()
        for (const jobId of cleared) outbox.delete(jobId)
        return result
      } catch (error) {
        tables.rollback()
        throw error
      }
    })

  return {
    inTransaction,
    openHold: ({ hold, transfers }) =>
      inTransaction(async (book) => {
        const known = await book.lockHold(hold)
        if (known) return { outcome: 'known', hold: known }
        const availableMicro = tables.balanceOf({ kind: 'available', wallet: hold.wallet })
        if (availableMicro < hold.amountMicro) return { outcome: 'refused', availableMicro }
        await book.addHold(hold)
        await book.post({ holds: [], transfers })
        return { outcome: 'opened' }
      }),
    renewAllowances: ({ edge, allowanceIds, expiresAt }) =>
      inTransaction(async (book) => {
        const holds = await book.lockHolds(allowanceIds)
        const renewed = holds
          .filter((hold) => hold.state === 'open' && hold.edge === edge)
          .map((hold) => (hold.expiresAt < expiresAt ? { ...hold, expiresAt } : hold))
        await book.post({ holds: renewed, transfers: [] })
        return renewed.map(toOpenHold)
      }),
    readBalance: (wallet) =>
      inTurn(async () => {
        const availableMicro = tables.balanceOf({ kind: 'available', wallet })
        const heldMicro = tables.balanceOf({ kind: 'held', wallet })
        return { availableMicro, heldMicro, postedMicro: availableMicro + heldMicro }
      }),
    listEntries: ({ wallet, before, limit }) =>
      inTurn(async () =>
        tables
          .transfersBySeq()
          .filter((one) => one.wallet === wallet && (before === undefined || one.seq < before))
          .toReversed()
          .slice(0, limit),
      ),
    readPrices: () => inTurn(async () => tables.prices.values()),
    listOverdue: ({ purpose, expiredBefore, after, limit }) =>
      inTurn(async () =>
        tables.holds
          .values()
          .filter(
            (hold) =>
              hold.state === 'open' && hold.purpose === purpose && hold.expiresAt < expiredBefore,
          )
          .sort(oldestFirst)
          .filter((hold) => after === undefined || oldestFirst(after, hold) < 0)
          .slice(0, limit)
          .map(toOpenHold),
      ),
    sealNext: (seal, { transfersMax }) =>
      inTurn(async () => {
        const previous = seals.at(-1)
        const final = tables.transfersBySeq().filter(({ seq }) => seq > (previous?.toSeq ?? 0n))
        if (final.length === 0) return undefined
        const next = seal(previous, final.slice(0, transfersMax))
        seals.push(next)
        return next
      }),
    verify: () => inTurn(async () => reportOfBook(tables.book())),
    check: async () => {},
    readBook: () => inTurn(async () => tables.book()),
    readRefused: () => inTurn(async () => tables.refused.values()),
    outbox,
  }
}

const oldestFirst = (a: OverdueKey, b: OverdueKey) =>
  a.expiresAt.getTime() - b.expiresAt.getTime() || (a.id < b.id ? -1 : a.id === b.id ? 0 : 1)
type OverdueKey = Pick<Hold, 'expiresAt' | 'id'>

const toOpenHold = ({ id, ref, expiresAt }: Hold): OpenHold => ({ id, ref, expiresAt })

type MemoryTables = ReturnType<typeof memoryTables>

function memoryTables() {
  const accounts = undoableMap<string, Account>()
  const holds = undoableMap<string, Hold>()
  const transfers = undoableMap<string, PostedTransfer>()
  const usage = undoableMap<string, StoredUsage>()
  const refused = undoableMap<string, RefusedUsage>()
  const prices = undoableMap<string, PriceRow>()
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
    book: (): Book => ({
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

function memoryBook({
  tables,
  jobs,
  cleared,
}: {
  tables: MemoryTables
  jobs: MemoryJobs
  cleared: string[]
}): LedgerBook {
  return {
    lockHold: async (key) => tables.findHold(key),
    lockHolds: async (ids) => [...ids].sort().flatMap((id) => tables.holds.get(id) ?? []),
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
      assert(!tables.findHold(hold) && !tables.holds.has(hold.id), 'one hold a (purpose, ref)')
      writeHold(tables, hold)
    },
    post: async (posting) => post(tables, posting),
    addUsage: async (records) => {
      const fresh = records.filter(({ record }) => !tables.usage.has(record.requestId))
      for (const { record, postingId } of fresh) {
        tables.usage.set(record.requestId, { ...record, postingId })
      }
      return new Set(fresh.map(({ record }) => record.requestId))
    },
    refuseUsage: async (refusals) => {
      for (const refusal of refusals) {
        const { requestId } = refusal.record
        if (!tables.refused.has(requestId)) tables.refused.set(requestId, refusal)
      }
    },
    findPrice: async (id) => tables.prices.get(id),
    addPrice: async (row) => tables.prices.set(row.id, row),
    // Nobody relays here: with the memory twin the bus is in memory too, and loses nothing.
    promiseCatalogChanged: async () => {},
    readEndedJob: jobs.readEndedJob,
    isJobRunning: jobs.isJobRunning,
    clearJobEnded: async (jobId) => void cleared.push(jobId),
  }
}

function post(tables: MemoryTables, { holds, transfers }: Posting): void {
  for (const { id, deltaMicro } of legsOf(transfers)) {
    const account = tables.accounts.get(id)
    assert(account, `there is no account ${id}`)
    const changed = { ...account, balanceMicro: account.balanceMicro + deltaMicro }
    assert(isWithinFloor(changed), `${id} would be beyond its floor`)
    tables.accounts.set(id, changed)
  }
  for (const transfer of transfers) {
    assert(!tables.transfers.has(transfer.id), `transfer ${transfer.id} is in the book already`)
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
