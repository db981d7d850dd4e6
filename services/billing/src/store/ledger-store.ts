import type { Balance, UsageRecord } from '@sluice/contracts/billing.contract'
import type { PriceRow } from '@sluice/contracts/prices'
import type { PictureUsage } from '@sluice/contracts/usage'

import type { Hold, HoldPurpose, Movement } from '../ledger/hold.ts'
import type { LedgerReport } from '../ledger/report.ts'
import type { Seal } from '../ledger/seal.ts'
import type { JobEnd } from '../ledger/settlement.ts'
import type { PostedTransfer, Transfer } from '../ledger/transfer.ts'
import type { ChargeReads } from './charge-reads.ts'
import type { DeliveredPage, LogPosition } from './verify/verify-delivered.ts'

/** The book. Every method is one database transaction. */
export interface LedgerStore extends ChargeReads {
  /**
   * The same book for one call: its methods reject with `unavailable` once the call's signal has aborted or
   * its deadline has passed, and nothing commits after that.
   */
  until(signal: AbortSignal): LedgerStore
  /**
   * Writes an opened hold with its transfer if available pays for it, in one statement. `known` when
   * its (purpose, ref) has a hold already, whatever its state; nothing is changed then.
   */
  openHold(opened: Movement): Promise<OpenHoldAnswer>
  /**
   * Runs `work` in one transaction: all of it happens or nothing. Repeated as a whole when the
   * database says that it lost a race, so `work` must touch nothing but the book.
   */
  inTransaction<Result>(work: (book: LedgerBook) => Promise<Result>): Promise<Result>
  /** Moves the expiry of an edge's open allowances forward, never back; answers those it found. */
  renewAllowances(renewal: Renewal): Promise<OpenHold[]>
  /** Zeros for a wallet that nobody ever gave anything. */
  readBalance(wallet: string): Promise<Balance>
  /** At one moment, by wallet; those that have no account are left out. */
  readBalances(wallets: readonly string[]): Promise<ReadonlyMap<string, Balance>>
  /** A wallet's transfers with a number below `before`, newest first. */
  listEntries(query: EntriesQuery): Promise<PostedTransfer[]>
  readPrices(): Promise<PriceRow[]>
  /** Grows with every change of the prices, in the order of commits. */
  readPricesRevision(): Promise<bigint>
  /** By job and request id; what is not known is in neither list. */
  readSettlements(refs: readonly string[]): Promise<Settlements>
  /** Open holds of a purpose that expired before a moment, oldest first, by cursor. */
  listOverdue(query: OverdueQuery): Promise<OpenHold[]>
  /** Open holds of jobs opened before a moment whose jobs do not exist, in id order, by cursor. */
  listWithoutJob(query: WithoutJobQuery): Promise<WithoutJobPage>
  /**
   * Seals at most `transfersMax` transfers that are final: no running transaction can still write a
   * number in their range. Undefined when there is nothing to seal, when somebody else is sealing,
   * or when a transaction that may write a low number does not end soon.
   */
  sealNext(
    seal: (previous: Seal | undefined, transfers: PostedTransfer[]) => Seal,
    options: { transfersMax: number },
  ): Promise<Seal | undefined>
  /** Derives the book anew from its rows; see `ledger/report.ts`. */
  verify(options: VerifyOptions): Promise<LedgerReport>
  /** One page of the edges' request log, compared with the usage records. */
  readDelivered(query: { after: LogPosition; endedBefore: Date }): Promise<DeliveredPage>
  /** Those of the calls that have no usage record. */
  findStillUncharged(requestIds: readonly string[]): Promise<string[]>
  /** Rejects with `unavailable` when the database cannot be asked; for /ready. */
  check(): Promise<void>
}

/** What can be done to the book within a transaction. Holds are locked before accounts. */
export interface LedgerBook {
  /** The hold, held against other writers until the transaction ends. */
  lockHold(key: { purpose: HoldPurpose; ref: string }): Promise<Hold | undefined>
  /** Those that exist, locked in id order. */
  lockHolds(ids: readonly string[]): Promise<Hold[]>
  /** Those of these jobs that exist, locked in id order. */
  lockJobHolds(jobIds: readonly string[]): Promise<Hold[]>
  /** What each wallet that exists has available, locked in id order. */
  lockAvailable(wallets: readonly string[]): Promise<ReadonlyMap<string, bigint>>
  /** Makes the accounts of a wallet that has none. */
  ensureWallet(wallet: string, at: Date): Promise<void>
  findTransfer(id: string): Promise<PostedTransfer | undefined>
  addHold(hold: Hold): Promise<void>
  /** Posts transfers and writes the new selves of locked holds. Refuses what breaks a floor. */
  post(posting: Posting): Promise<void>
  /** Counts records that were never counted; answers their request ids. */
  addUsage(records: readonly CountedUsage[], at: Date): Promise<ReadonlySet<string>>
  /** Keeps records that were not counted, with the reason, for an operator to look at. */
  refuseUsage(refusals: readonly RefusedUsage[], at: Date): Promise<void>
  findPrice(id: string): Promise<PriceRow | undefined>
  /** All prices; nobody else adds one until the transaction ends. */
  lockPrices(): Promise<PriceRow[]>
  addPrice(row: PriceRow, at: Date): Promise<void>
  /** Promises that `catalog-changed` will be told. */
  enqueueCatalogChanged(dueAt: Date): Promise<void>
  /** How an image job ended; undefined while it runs, or when there is no such job. */
  readEndedJob(jobId: string): Promise<EndedJob | undefined>
  /** Whether an image job exists, whatever became of it. */
  hasJob(jobId: string): Promise<boolean>
  /** Whether an image job exists and has not ended. */
  isJobRunning(jobId: string): Promise<boolean>
  /** Nobody needs to be told any more that these jobs ended. */
  clearJobsEnded(jobIds: readonly string[]): Promise<void>
}

export type OpenHoldAnswer =
  | { outcome: 'opened' }
  | { outcome: 'known'; hold: Hold }
  | { outcome: 'refused'; availableMicro: bigint }

export interface Renewal {
  edge: string
  allowanceIds: readonly string[]
  expiresAt: Date
}

export interface Posting {
  holds: readonly Hold[]
  transfers: readonly Transfer[]
}

export interface Settlements {
  /** Decided: what the caller was charged. */
  settled: { ref: string; chargedMicro: bigint }[]
  /** Jobs whose holds are open still. */
  open: string[]
}

export interface EntriesQuery {
  wallet: string
  before?: bigint | undefined
  limit: number
}

export interface OverdueQuery {
  purpose: HoldPurpose
  expiredBefore: Date
  after?: OpenHold | undefined
  limit: number
}

export interface WithoutJobQuery {
  openedBefore: Date
  /** The id of the last hold that was looked at. */
  after?: string | undefined
  /** How many holds are looked at, with or without a job. */
  limit: number
}

export interface WithoutJobPage {
  /** The jobs' ids. */
  refs: string[]
  /** The last hold that was looked at; undefined when there are no more. */
  next: string | undefined
}

export interface VerifyOptions {
  now: Date
  /** How long past its expiry an open hold may stand. */
  graceMs: number
}

export interface OpenHold {
  id: string
  ref: string
  expiresAt: Date
}

/** A usage record and the posting that it is captured with. */
export interface CountedUsage {
  record: UsageRecord
  postingId: string
}

export interface RefusedUsage {
  record: UsageRecord
  reason: string
}

/** An image job that ended, as far as its payment depends on it. */
export interface EndedJob extends JobEnd {
  wallet: string
  apiKeyId: string
  model: string
  /** The pictures that were kept. */
  pictures: PictureUsage[]
}
