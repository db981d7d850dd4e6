import { isDeepStrictEqual } from 'node:util'

import type { UsageRecord } from '@sluice/contracts/billing.contract'
import type { PriceRow } from '@sluice/contracts/prices'
import type { PictureUsage } from '@sluice/contracts/usage'
import { isAppError } from '@sluice/kernel/app-error'
import type { Random } from '@sluice/kernel/random'
import type { FakeClock } from '@sluice/kernel/testing/fake-clock'
import { expect } from 'vitest'

import { faultsOfLedger } from '../../src/ledger/invariants.ts'
import type { PostedTransfer } from '../../src/ledger/transfer.ts'
import type { EndedJob } from '../../src/store/ledger-store.ts'
import type { CrashPoint } from '../crashing-store.ts'
import { Crash } from '../crashing-store.ts'
import { id } from '../ids.ts'
import type { TestBilling } from '../test-billing.ts'

export const wallets = [id('wal', 1), id('wal', 2), id('wal', 3)]
export const edges = [id('edge', 1), id('edge', 2)]
export const model = 'gpt-image-1'
export const apiKeyId = id('key', 1)
export const GRACE_MS = 600_000

/** A requested image job and its state in the rest of the installation. */
export interface SimJob {
  ref: string
  wallet: string
  worst: PictureUsage[]
  expiresAt: Date
  /** Whether the caller received the result that the hold is open. */
  opened: boolean
  voided: boolean
  status: 'none' | 'running' | EndedJob
}

export interface SimAllowance {
  allowanceId: string
  wallet: string
  edge: string
  leftMicro: bigint
  alive: boolean
}

/** One sequence of calls to one or more billing modules, whose results must be equal. */
export interface Simulation {
  subjects: TestBilling[]
  clock: FakeClock
  prices: PriceRow[]
  jobs: SimJob[]
  allowances: SimAllowance[]
  /** The valid usage records by request id, sent or not. */
  valid: Map<string, UsageRecord>
  unsent: UsageRecord[]
  refunds: { transferId: string; ref: string; amountMicro: bigint }[]
  granted: Map<string, bigint>
  seen: PostedTransfer[][]
  count: number
}

export function createSimulation({
  subjects,
  clock,
  prices,
}: Pick<Simulation, 'subjects' | 'clock' | 'prices'>): Simulation {
  return {
    subjects,
    clock,
    prices: [...prices],
    jobs: [],
    allowances: [],
    valid: new Map(),
    unsent: [],
    refunds: [],
    granted: new Map(),
    seen: subjects.map(() => []),
    count: 0,
  }
}

export type Outcome<Result> =
  | { kind: 'result'; result: Result }
  | { kind: 'refused'; code: string }
  /** The process died; whether the transaction committed is unknown. */
  | { kind: 'crashed' }

/** Makes the same call to every billing module, and expects equal results. */
export async function invoke<Result>(
  { subjects }: Simulation,
  run: (installation: TestBilling) => Promise<Result>,
  crash?: CrashPoint,
): Promise<Outcome<Result>> {
  const outcomes: Outcome<Result>[] = []
  for (const installation of subjects) {
    installation.store.crashAt(crash)
    outcomes.push(await outcomeOf(run(installation)))
    installation.store.crashAt(undefined)
  }
  const [first, ...others] = outcomes
  if (!first) throw new Error('the simulation has no billing module')
  for (const other of others) expect(other).toEqual(first)
  return first
}

async function outcomeOf<Result>(call: Promise<Result>): Promise<Outcome<Result>> {
  try {
    return { kind: 'result', result: await call }
  } catch (error) {
    if (error instanceof Crash) return { kind: 'crashed' }
    if (isAppError(error)) return { kind: 'refused', code: error.code }
    throw error
  }
}

/** One call in four crashes before or after its commit, or meets a frozen database. */
export function maybeCrash(random: Random): CrashPoint | undefined {
  const roll = random.next()
  if (roll > 0.95) return 'frozen'
  if (roll < 0.1) return 'before-commit'
  return roll < 0.2 ? 'after-commit' : undefined
}

/** A number that this simulation has not used. */
export const next = (simulation: Simulation) => {
  simulation.count += 1
  return simulation.count
}

export const pick = <Item>(items: readonly Item[], random: Random): Item | undefined =>
  items[random.integer(items.length)]

/** Checks after each step: I1, I2, I4, I5 in every ledger, and that no earlier transfer changed. */
export async function checkInvariants(simulation: Simulation): Promise<void> {
  const ledgers = await Promise.all(simulation.subjects.map(({ ledger }) => ledger.readLedger()))
  for (const [index, rows] of ledgers.entries()) {
    expect(faultsOfLedger(rows)).toEqual([])
    const before = simulation.seen[index] ?? []
    const unchanged = before.every((row, at) => isDeepStrictEqual(row, rows.transfers[at]))
    expect(unchanged, 'a transfer was changed or removed').toBe(true)
    simulation.seen[index] = [...rows.transfers]
  }
  const [first, ...others] = ledgers.map((rows) => comparable(rows))
  for (const other of others) expect(other).toEqual(first)
}

// Numbers may have gaps after a rollback, so only the order of the transfers is compared.
function comparable({
  accounts,
  transfers,
  holds,
  usage,
}: Awaited<ReturnType<TestBilling['ledger']['readLedger']>>) {
  const byId = <Row>(rows: readonly Row[], keyOf: (row: Row) => string) =>
    rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  return {
    accounts: byId(accounts, (row) => row.id),
    transfers: transfers.map(({ seq: _seq, ...row }) => row),
    holds: byId(holds, (row) => row.id),
    usage: byId(usage, (row) => row.requestId),
  }
}
