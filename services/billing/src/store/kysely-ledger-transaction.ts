import { clearOutboxAll, writeOutbox } from '@sluice/db/outbox'
import type { Tables } from '@sluice/db/tables'
import type { Kysely, Transaction } from 'kysely'

import { ensureAccounts, lockAvailable } from './account-rows.ts'
import { insertHold, lockHold, lockHolds, lockJobHolds } from './hold-rows.ts'
import type { EndedJob, LedgerTransaction } from './ledger-store.ts'
import { post } from './post.ts'
import { findPrice, insertPrice, lockPrices } from './price-rows.ts'
import { findTransfer } from './transfer-rows.ts'
import { insertUsage, refuseUsage } from './usage-rows.ts'

/** Queries on jobs within the ledger's transaction; implemented by `read-ended-job.ts` of packages/jobs. */
export interface Jobs {
  readEndedJob(trx: Transaction<Tables>, jobId: string): Promise<EndedJob | undefined>
  isJobRunning(trx: Transaction<Tables>, jobId: string): Promise<boolean>
  /** The ids of the existing jobs among these, in any state. */
  findJobs(db: Kysely<Tables>, jobIds: readonly string[]): Promise<string[]>
}

/**
 * The ledger within a transaction. To avoid deadlocks, locks are taken in one order everywhere: holds by id,
 * then accounts by id (all `available` accounts sort first).
 */
export function kyselyLedgerTransaction({
  trx,
  jobs,
}: {
  trx: Transaction<Tables>
  jobs: Jobs
}): LedgerTransaction {
  return {
    lockHold: (key) => lockHold(trx, key),
    lockHolds: (ids) => lockHolds(trx, ids),
    lockJobHolds: (jobIds) => lockJobHolds(trx, jobIds),
    lockAvailable: (wallets) => lockAvailable(trx, wallets),
    ensureWallet: (wallet, at) => ensureAccounts(trx, { wallet, at }),
    findTransfer: (id) => findTransfer(trx, id),
    addHold: (hold) => insertHold(trx, hold),
    post: (posting) => post(trx, posting),
    addUsage: (records, at) => insertUsage(trx, { records, at }),
    refuseUsage: (refusals, at) => refuseUsage(trx, { refusals, at }),
    findPrice: (id) => findPrice(trx, id),
    lockPrices: () => lockPrices(trx),
    addPrice: (row, at) => insertPrice(trx, { row, at }),
    enqueueCatalogChanged: (dueAt) =>
      writeOutbox(trx, { topic: 'catalog-changed', key: 'prices', payload: {}, dueAt }),
    readEndedJob: (jobId) => jobs.readEndedJob(trx, jobId),
    hasJob: async (jobId) => (await jobs.findJobs(trx, [jobId])).length > 0,
    isJobRunning: (jobId) => jobs.isJobRunning(trx, jobId),
    clearJobsEnded: (keys) => clearOutboxAll(trx, { topic: 'image-job-ended', keys }),
  }
}
