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

/** The ledger. Every method is one database transaction. */
export interface LedgerStore extends ChargeReads {
  /**
   * The same ledger for one call: its methods reject with `unavailable` once the call's signal has aborted or
   * its deadline has passed, and nothing commits after that.
   */
  withSignal(signal: AbortSignal): LedgerStore
  /**
   * Writes an opened hold with its transfer if the available balance covers it, in one statement. `known`
   * when its (purpose, ref) has a hold already, in any state; nothing is changed then.
   */
  openHold(opened: Movement): Promise<OpenHoldResult>
  /**
   * Runs `work` in one transaction. It is retried as a whole after a serialization conflict, so `work` must
   * have no effects outside the ledger.
   */
  inTransaction<Result>(work: (tx: LedgerTransaction) => Promise<Result>): Promise<Result>
  /** Moves the expiry of an edge's open allowances forward, never back; returns the open ones. */
  renewAllowances(renewal: Renewal): Promise<OpenHold[]>
  /** Zeros for a wallet without accounts. */
  readBalance(wallet: string): Promise<Balance>
  /** By wallet, in one snapshot; wallets without accounts are left out. */
  readBalances(wallets: readonly string[]): Promise<ReadonlyMap<string, Balance>>
  /** A wallet's transfers with a number below `before`, newest first. */
  listEntries(query: EntriesQuery): Promise<PostedTransfer[]>
  readPrices(): Promise<PriceRow[]>
  /** Increases with every change of the prices, in commit order. */
  readPricesRevision(): Promise<bigint>
  /** By job and request id; unknown ids are in neither list. */
  readSettlements(refs: readonly string[]): Promise<Settlements>
  /** Open holds of a purpose with an expiry before `expiredBefore`, oldest first, paged by cursor. */
  listOverdue(query: OverdueQuery): Promise<OpenHold[]>
  /** Open job holds opened before `openedBefore` whose jobs do not exist, in id order, paged by cursor. */
  listWithoutJob(query: WithoutJobQuery): Promise<WithoutJobPage>
  /**
   * Seals at most `transfersMax` final transfers: no running transaction can still insert a number in their
   * range. Undefined when there is nothing to seal, when another replica is sealing, or when a transaction
   * that may insert a lower number does not end within the wait limit.
   */
  sealNext(
    seal: (previous: Seal | undefined, transfers: PostedTransfer[]) => Seal,
    options: { transfersMax: number },
  ): Promise<Seal | undefined>
  /** Recomputes the ledger from its rows and compares; see `ledger/report.ts`. */
  verify(options: VerifyOptions): Promise<LedgerReport>
  /** One page of the edges' request log, compared with the usage records. */
  readDelivered(query: { after: LogPosition; endedBefore: Date }): Promise<DeliveredPage>
  /** The request ids among these that have no usage record. */
  findStillUncharged(requestIds: readonly string[]): Promise<string[]>
  /** Rejects with `unavailable` when the database cannot be queried; for /ready. */
  check(): Promise<void>
}

/** Operations on the ledger within a transaction. Holds are locked before accounts. */
export interface LedgerTransaction {
  /** The hold, locked until the transaction ends. */
  lockHold(key: { purpose: HoldPurpose; ref: string }): Promise<Hold | undefined>
  /** The existing holds with these ids, locked in id order. */
  lockHolds(ids: readonly string[]): Promise<Hold[]>
  /** The existing holds of these jobs, locked in id order. */
  lockJobHolds(jobIds: readonly string[]): Promise<Hold[]>
  /** The available balance of each existing wallet, locked in id order. */
  lockAvailable(wallets: readonly string[]): Promise<ReadonlyMap<string, bigint>>
  /** Creates the missing accounts of a wallet. */
  ensureWallet(wallet: string, at: Date): Promise<void>
  findTransfer(id: string): Promise<PostedTransfer | undefined>
  addHold(hold: Hold): Promise<void>
  /** Inserts transfers and updates locked holds. Fails when a balance would be out of bounds. */
  post(posting: Posting): Promise<void>
  /** Inserts the records that are not stored yet; returns their request ids. */
  addUsage(records: readonly CountedUsage[], at: Date): Promise<ReadonlySet<string>>
  /** Stores refused records with the reason, for an operator to review. */
  refuseUsage(refusals: readonly RefusedUsage[], at: Date): Promise<void>
  findPrice(id: string): Promise<PriceRow | undefined>
  /** All prices; the table lock blocks other additions until the transaction ends. */
  lockPrices(): Promise<PriceRow[]>
  addPrice(row: PriceRow, at: Date): Promise<void>
  /** Writes an outbox row for `catalog-changed`. */
  enqueueCatalogChanged(dueAt: Date): Promise<void>
  /** An ended image job; undefined while it runs or when it does not exist. */
  readEndedJob(jobId: string): Promise<EndedJob | undefined>
  /** Whether an image job exists, in any state. */
  hasJob(jobId: string): Promise<boolean>
  /** Whether an image job exists and has not ended. */
  isJobRunning(jobId: string): Promise<boolean>
  /** Deletes the `image-job-ended` outbox rows of these jobs. */
  clearJobsEnded(jobIds: readonly string[]): Promise<void>
}

export type OpenHoldResult =
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
  /** Settled jobs and captured calls with the charged amount. */
  settled: { ref: string; chargedMicro: bigint }[]
  /** Jobs whose holds are still open. */
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
  /** The id of the last hold of the previous page. */
  after?: string | undefined
  /** How many holds are read, with or without a job. */
  limit: number
}

export interface WithoutJobPage {
  /** The jobs' ids. */
  refs: string[]
  /** The id of the last hold that was read; undefined on the last page. */
  next: string | undefined
}

export interface VerifyOptions {
  now: Date
  /** How long a hold may stay open past its expiry. */
  graceMs: number
}

export interface OpenHold {
  id: string
  ref: string
  expiresAt: Date
}

/** A usage record and the posting that captures it. */
export interface CountedUsage {
  record: UsageRecord
  postingId: string
}

export interface RefusedUsage {
  record: UsageRecord
  reason: string
}

/** The fields of an ended image job that its settlement needs. */
export interface EndedJob extends JobEnd {
  wallet: string
  apiKeyId: string
  model: string
  /** The stored pictures. */
  pictures: PictureUsage[]
}
