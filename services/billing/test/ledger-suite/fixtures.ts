import { sampleUsageRecord } from '@sluice/contracts/testing/sample-usage-record'
import { expect } from 'vitest'

import type { Hold, Movement } from '../../src/ledger/hold.ts'
import { openedHold } from '../../src/ledger/hold.ts'
import type { LedgerRows } from '../../src/ledger/invariants.ts'
import { faultsOfLedger } from '../../src/ledger/invariants.ts'
import { transfer } from '../../src/ledger/transfer.ts'
import type { EndedJob, LedgerStore } from '../../src/store/ledger-store.ts'

export interface LedgerUnderTest {
  store: LedgerStore
  readLedger(): Promise<LedgerRows>
  /** The job ids of the `image-job-ended` outbox rows. */
  readOutbox(): Promise<string[]>
  enqueueJobEnded(jobId: string): Promise<void>
  /** The jobs that the store reads. */
  jobs: Map<string, EndedJob | 'running'>
}

export const at = new Date('2026-06-01T12:00:00.000Z')
export const later = (ms: number) => new Date(at.getTime() + ms)
export const hex = (digit: number) => digit.toString(16).padStart(32, '0')
export const wallet = `wal_${hex(1)}`
export const other = `wal_${hex(2)}`
export const priceId = `price_${hex(1)}`

export const jobHold = (number: number, amountMicro: bigint, facts: Partial<Hold> = {}): Movement =>
  openedHold({
    id: `hold_${hex(number)}`,
    wallet,
    purpose: 'job',
    ref: `img_${hex(number)}`,
    edge: null,
    model: 'gpt-image-1',
    priceId,
    amountMicro,
    expiresAt: later(60_000),
    openedAt: at,
    ...facts,
  })

export const allowance = (
  number: number,
  amountMicro: bigint,
  facts: Partial<Hold> = {},
): Movement =>
  openedHold({
    id: `alw_${hex(number)}`,
    wallet,
    purpose: 'allowance',
    ref: `alw_${hex(number)}`,
    edge: `edge_${hex(1)}`,
    model: null,
    priceId: null,
    amountMicro,
    expiresAt: later(60_000),
    openedAt: at,
    ...facts,
  })

export const record = (number: number, allowanceId: string, amountMicro: bigint) =>
  sampleUsageRecord({
    requestId: `req_${hex(number)}`,
    allowanceId,
    wallet,
    priceId: `price_${hex(2)}`,
    usage: { kind: 'tokens', input: 10, cachedInput: 2, output: 3 },
    reservedMicro: amountMicro,
    amountMicro,
    endedAt: at,
  })

export const grant = (ledger: LedgerUnderTest, amountMicro: bigint, to = wallet) =>
  ledger.store.inTransaction(async (tx) => {
    await tx.ensureWallet(to, at)
    const id = `grant:${to}:${amountMicro}`
    const facts = { id, wallet: to, amountMicro, memo: 'a gift', createdAt: at }
    await tx.post({ holds: [], transfers: [transfer('grant', facts)] })
  })
export const openAllowance = ({ store }: LedgerUnderTest, opened: Movement) =>
  store.inTransaction(async (tx) => {
    await tx.addHold(opened.hold)
    await tx.post({ holds: [], transfers: opened.transfers })
  })
export const post = ({ store }: LedgerUnderTest, { hold, transfers }: Movement) =>
  store.inTransaction(async (tx) => {
    await tx.lockHolds([hold.id])
    await tx.post({ holds: [hold], transfers })
  })
export const expectConsistent = async (ledger: LedgerUnderTest) =>
  expect(faultsOfLedger(await ledger.readLedger())).toEqual([])
