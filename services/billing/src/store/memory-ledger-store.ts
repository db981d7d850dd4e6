import type { PriceRow } from '@sluice/contracts/prices'

import type { Hold } from '../ledger/hold.ts'
import { chargedOn } from '../ledger/hold.ts'
import type { LedgerRows } from '../ledger/invariants.ts'
import { reportOfLedger } from '../ledger/report.ts'
import type { Seal } from '../ledger/seal.ts'
import type {
  LedgerTransaction,
  LedgerStore,
  OpenHold,
  RefusedUsage,
  Settlements,
} from './ledger-store.ts'
import { memoryChargeReads } from './memory-charge-reads.ts'
import type { MemoryJobs } from './memory-ledger-transaction.ts'
import { memoryLedgerTransaction } from './memory-ledger-transaction.ts'
import type { MemoryTables } from './memory-tables.ts'
import { memoryTables } from './memory-tables.ts'

export interface MemoryLedgerStore extends LedgerStore {
  /** All rows, for invariant checks. */
  readLedger(): Promise<LedgerRows>
  readRefused(): Promise<RefusedUsage[]>
  /** The job ids of the pending `image-job-ended` outbox rows. */
  outbox: Set<string>
}

/** The ledger as maps: one transaction at a time, rolled back as a whole when it fails. */
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
  return storeOf({ tables, jobs, outbox: new Set(), seals: [], serialized: createSerialQueue() })
}

/** Runs one transaction at a time. */
function createSerialQueue() {
  let queue: Promise<unknown> = Promise.resolve()
  return <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = queue.then(work)
    queue = result.catch(() => undefined)
    return result
  }
}

interface Shared {
  tables: MemoryTables
  jobs: MemoryJobs
  outbox: Set<string>
  seals: Seal[]
  serialized: ReturnType<typeof createSerialQueue>
  /** The signal of the current call. */
  signal?: AbortSignal
}

function storeOf(shared: Shared): MemoryLedgerStore {
  const { tables, jobs, outbox, seals, serialized, signal } = shared
  const inTransaction = <Result>(work: (tx: LedgerTransaction) => Promise<Result>) =>
    serialized(async () => {
      const cleared: string[] = []
      try {
        const result = await work(memoryLedgerTransaction({ tables, jobs, cleared }))
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
    withSignal: (callSignal) => storeOf({ ...shared, signal: callSignal }),
    inTransaction,
    ...writes({ tables, inTransaction }),
    ...reads({ tables, jobs, serialized }),
    ...memoryChargeReads({ tables, serialized }),
    sealNext: (seal, { transfersMax }) =>
      serialized(async () => {
        const previous = seals.at(-1)
        const final = tables.transfersBySeq().filter(({ seq }) => seq > (previous?.toSeq ?? 0n))
        if (final.length === 0) return undefined
        const next = seal(previous, final.slice(0, transfersMax))
        seals.push(next)
        return next
      }),
    readRefused: () => serialized(async () => tables.refused.values()),
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
      inTransaction(async (tx) => {
        const existing = await tx.lockHold(hold)
        if (existing) return { outcome: 'known', hold: existing }
        const availableMicro = tables.balanceOf({ kind: 'available', wallet: hold.wallet })
        if (availableMicro < hold.amountMicro) return { outcome: 'refused', availableMicro }
        await tx.addHold(hold)
        await tx.post({ holds: [], transfers })
        return { outcome: 'opened' }
      }),
    renewAllowances: ({ edge, allowanceIds, expiresAt }) =>
      inTransaction(async (tx) => {
        const holds = await tx.lockHolds(allowanceIds)
        const renewed = holds
          .filter((hold) => hold.state === 'open' && hold.edge === edge)
          .map((hold) => (hold.expiresAt < expiresAt ? { ...hold, expiresAt } : hold))
        await tx.post({ holds: renewed, transfers: [] })
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
  serialized,
}: {
  tables: MemoryTables
  jobs: MemoryJobs
  serialized: <Result>(work: () => Promise<Result>) => Promise<Result>
}): Pick<MemoryLedgerStore, Reads | 'readLedger'> {
  return {
    readBalance: (wallet) =>
      serialized(async () => {
        const availableMicro = tables.balanceOf({ kind: 'available', wallet })
        const heldMicro = tables.balanceOf({ kind: 'held', wallet })
        return balanceOf(availableMicro, heldMicro)
      }),
    readBalances: (wallets) =>
      serialized(async () => {
        const available = (wallet: string) => tables.balanceOf({ kind: 'available', wallet })
        const held = (wallet: string) => tables.balanceOf({ kind: 'held', wallet })
        return new Map(
          wallets.map((wallet) => [wallet, balanceOf(available(wallet), held(wallet))]),
        )
      }),
    listEntries: ({ wallet, before, limit }) =>
      serialized(async () =>
        tables
          .transfersBySeq()
          .filter((one) => one.wallet === wallet && (before === undefined || one.seq < before))
          .toReversed()
          .slice(0, limit),
      ),
    readPrices: () => serialized(async () => tables.prices.values()),
    // Rows are never edited, so the number of rows increases with every change.
    readPricesRevision: () => serialized(async () => BigInt(tables.prices.values().length)),
    readSettlements: (refs) => serialized(async () => settlementsOf(tables, new Set(refs))),
    listOverdue: ({ purpose, expiredBefore, after, limit }) =>
      serialized(async () =>
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
      serialized(async () => {
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
    verify: () => serialized(async () => reportOfLedger(tables.readAll())),
    // The request log exists in PostgreSQL only.
    readDelivered: async () => ({ delivered: 0, uncharged: [], next: undefined }),
    findStillUncharged: (ids) =>
      serialized(async () => ids.filter((id) => tables.usage.get(id) === undefined)),
    check: async () => {},
    readLedger: () => serialized(async () => tables.readAll()),
  }
}

function settlementsOf(tables: MemoryTables, refs: ReadonlySet<string>): Settlements {
  const result: Settlements = { settled: [], open: [] }
  for (const hold of tables.holds.values()) {
    if (hold.purpose !== 'job' || !refs.has(hold.ref)) continue
    if (hold.settledAt === null && hold.state === 'open') result.open.push(hold.ref)
    else result.settled.push({ ref: hold.ref, chargedMicro: chargedOn(hold) })
  }
  for (const { requestId: ref, amountMicro: chargedMicro } of tables.usage.values())
    if (refs.has(ref)) result.settled.push({ ref, chargedMicro })
  return result
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
