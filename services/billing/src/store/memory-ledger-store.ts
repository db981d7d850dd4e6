import type { PriceRow } from '@sluice/contracts/prices'

import type { Hold } from '../ledger/hold.ts'
import { chargedOn } from '../ledger/hold.ts'
import type { Book } from '../ledger/invariants.ts'
import { reportOfBook } from '../ledger/report.ts'
import type { Seal } from '../ledger/seal.ts'
import type {
  LedgerBook,
  LedgerStore,
  OpenHold,
  RefusedUsage,
  Settlements,
} from './ledger-store.ts'
import { memoryChargeReads } from './memory-charge-reads.ts'
import type { MemoryJobs } from './memory-ledger-book.ts'
import { memoryBook } from './memory-ledger-book.ts'
import type { MemoryTables } from './memory-tables.ts'
import { memoryTables } from './memory-tables.ts'

export interface MemoryLedgerStore extends LedgerStore {
  /** All of it, for those who check it. */
  readBook(): Promise<Book>
  readRefused(): Promise<RefusedUsage[]>
  /** Jobs of whose end billing still has to be told. */
  outbox: Set<string>
}

/** The book as maps: one transaction at a time, undone as a whole when it fails. */
export function memoryLedgerStore({
  prices = [],
  jobs,
}: {
  prices?: PriceRow[]
  jobs: MemoryJobs
}): MemoryLedgerStore {
  const tables = memoryTables()
  for (const row of prices) tables.prices.set(row.id, row)
  tables.commit()
  return storeOf({ tables, jobs, outbox: new Set(), seals: [], turns: createTurns() })
}

/** One transaction at a time. */
function createTurns() {
  let queue: Promise<unknown> = Promise.resolve()
  return <Result>(work: () => Promise<Result>): Promise<Result> => {
    const turn = queue.then(work)
    queue = turn.catch(() => undefined)
    return turn
  }
}

interface Shared {
  tables: MemoryTables
  jobs: MemoryJobs
  outbox: Set<string>
  seals: Seal[]
  turns: ReturnType<typeof createTurns>
  /** Of the call that all of this is done for. */
  signal?: AbortSignal
}

function storeOf(shared: Shared): MemoryLedgerStore {
  const { tables, jobs, outbox, seals, turns: inTurn, signal } = shared
  const inTransaction = <Result>(work: (book: LedgerBook) => Promise<Result>) =>
    inTurn(async () => {
      const cleared: string[] = []
      try {
        const result = await work(memoryBook({ tables, jobs, cleared }))
        signal?.throwIfAborted()
        tables.commit()
        for (const jobId of cleared) outbox.delete(jobId)
        return result
      } catch (error) {
        tables.rollback()
        throw error
      }
    })

  return {
    until: (ending) => storeOf({ ...shared, signal: ending }),
    inTransaction,
    ...writes({ tables, inTransaction }),
    ...reads({ tables, jobs, inTurn }),
    ...memoryChargeReads({ tables, inTurn }),
    sealNext: (seal, { transfersMax }) =>
      inTurn(async () => {
        const previous = seals.at(-1)
        const final = tables.transfersBySeq().filter(({ seq }) => seq > (previous?.toSeq ?? 0n))
        if (final.length === 0) return undefined
        const next = seal(previous, final.slice(0, transfersMax))
        seals.push(next)
        return next
      }),
    readRefused: () => inTurn(async () => tables.refused.values()),
    outbox,
  }
}

function writes({
  tables,
  inTransaction,
}: {
  tables: MemoryTables
  inTransaction: LedgerStore['inTransaction']
}): Pick<LedgerStore, 'openHold' | 'renewAllowances'> {
  return {
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
  }
}

type Reads =
  | 'readBalance'
  | 'readBalances'
  | 'listEntries'
  | 'readPrices'
  | 'readPricesRevision'
  | 'readSettlements'
  | 'listOverdue'
  | 'listWithoutJob'
  | 'verify'
  | 'readDelivered'
  | 'findStillUncharged'
  | 'check'

function reads({
  tables,
  jobs,
  inTurn,
}: {
  tables: MemoryTables
  jobs: MemoryJobs
  inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>
}): Pick<MemoryLedgerStore, Reads | 'readBook'> {
  return {
    readBalance: (wallet) =>
      inTurn(async () => {
        const availableMicro = tables.balanceOf({ kind: 'available', wallet })
        const heldMicro = tables.balanceOf({ kind: 'held', wallet })
        return balanceOf(availableMicro, heldMicro)
      }),
    readBalances: (wallets) =>
      inTurn(async () => {
        const available = (wallet: string) => tables.balanceOf({ kind: 'available', wallet })
        const held = (wallet: string) => tables.balanceOf({ kind: 'held', wallet })
        return new Map(
          wallets.map((wallet) => [wallet, balanceOf(available(wallet), held(wallet))]),
        )
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
    // Rows are never edited, so that each new one is a change.
    readPricesRevision: () => inTurn(async () => BigInt(tables.prices.values().length)),
    readSettlements: (refs) => inTurn(async () => settlementsOf(tables, new Set(refs))),
    listOverdue: ({ purpose, expiredBefore, after, limit }) =>
      inTurn(async () =>
        tables.holds
          .values()
          .filter((hold) => hold.state === 'open' && hold.purpose === purpose)
          .filter((hold) => hold.expiresAt < expiredBefore)
          .sort(oldestFirst)
          .filter((hold) => after === undefined || oldestFirst(after, hold) < 0)
          .slice(0, limit)
          .map(toOpenHold),
      ),
    listWithoutJob: ({ openedBefore, after = '', limit }) =>
      inTurn(async () => {
        const holds = tables.holds
          .values()
          .filter(({ purpose, state }) => purpose === 'job' && state === 'open')
          .filter(({ id, openedAt }) => openedAt < openedBefore && id > after)
          .sort((a, b) => (a.id < b.id ? -1 : 1))
          .slice(0, limit)
        const refs: string[] = []
        for (const { ref } of holds) if (!(await jobs.hasJob(ref))) refs.push(ref)
        return { refs, next: holds.length < limit ? undefined : holds.at(-1)?.id }
      }),
    verify: () => inTurn(async () => reportOfBook(tables.book())),
    // The request log is in PostgreSQL only.
    readDelivered: async () => ({ delivered: 0, uncharged: [], next: undefined }),
    findStillUncharged: (ids) =>
      inTurn(async () => ids.filter((id) => tables.usage.get(id) === undefined)),
    check: async () => {},
    readBook: () => inTurn(async () => tables.book()),
  }
}

function settlementsOf(tables: MemoryTables, refs: ReadonlySet<string>): Settlements {
  const answer: Settlements = { settled: [], open: [] }
  for (const hold of tables.holds.values()) {
    if (hold.purpose !== 'job' || !refs.has(hold.ref)) continue
    if (hold.settledAt === null && hold.state === 'open') answer.open.push(hold.ref)
    else answer.settled.push({ ref: hold.ref, chargedMicro: chargedOn(hold) })
  }
  for (const { requestId: ref, amountMicro: chargedMicro } of tables.usage.values())
    if (refs.has(ref)) answer.settled.push({ ref, chargedMicro })
  return answer
}

const oldestFirst = (a: OverdueKey, b: OverdueKey) =>
  a.expiresAt.getTime() - b.expiresAt.getTime() || (a.id < b.id ? -1 : a.id === b.id ? 0 : 1)
type OverdueKey = Pick<Hold, 'expiresAt' | 'id'>

const toOpenHold = ({ id, ref, expiresAt }: Hold): OpenHold => ({ id, ref, expiresAt })

const balanceOf = (availableMicro: bigint, heldMicro: bigint) => ({
  availableMicro,
  heldMicro,
  postedMicro: availableMicro + heldMicro,
})
