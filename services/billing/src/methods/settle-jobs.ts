import type { PriceBook } from '@sluice/pricing/price-book'
import { crashPoint } from '@sluice/service-kit/crash-point'

import { countCharge } from '../counters.ts'
import type { BillingContext } from '../deps.ts'
import type { Hold } from '../ledger/hold.ts'
import { voidJob } from '../ledger/hold.ts'
import type { Settlement } from '../ledger/settlement.ts'
import { settlementOf } from '../ledger/settlement.ts'
import type { EndedJob, LedgerTransaction } from '../store/ledger-store.ts'
import { chargeJobs } from './charge-jobs.ts'

/** How the hold of a job was settled; `repeat` when it had been settled before. */
export type SettleOutcome = Settlement | 'repeat'

export interface SettledJob {
  jobId: string
  outcome: SettleOutcome
  /** The hold after the settlement; absent when nothing changed. */
  hold?: Hold
}

/**
 * Settles the holds of ended jobs: charges the stored pictures, or releases the hold. One transaction
 * locks the holds, reads the jobs, posts the transfers and deletes the outbox rows. Idempotent.
 */
export async function settleJobs(
  context: BillingContext,
  { jobIds }: { jobIds: readonly string[] },
): Promise<SettledJob[]> {
  const prices = await context.prices.book()
  const at = context.clock.now()
  const uniqueIds = [...new Set(jobIds)]
  const settled = await context.store.inTransaction((tx) =>
    settleInTransaction(tx, { jobIds: uniqueIds, prices, at }),
  )
  crashPoint('billing-after-capture')
  for (const one of settled) recordMetrics(context, one)
  return settled
}

/** `settleJobs` within a transaction, without metrics. */
export async function settleInTransaction(
  tx: LedgerTransaction,
  { jobIds, prices, at }: { jobIds: readonly string[]; prices: PriceBook; at: Date },
): Promise<SettledJob[]> {
  const cases = await readCases(tx, jobIds)
  const charges = cases.flatMap(({ settlement, hold, job }) =>
    settlement === 'capture' && hold && job ? [{ hold, delivered: deliveredBy(job) }] : [],
  )
  const voids = cases.flatMap(({ settlement, hold }) =>
    settlement === 'void' && hold && hold.settledAt === null ? [voidJob({ hold, at })] : [],
  )
  const movements = [...(await chargeJobs(tx, { charges, prices, at })), ...voids]
  const transfers = movements.flatMap((movement) => movement.transfers)
  await tx.post({ holds: movements.map(({ hold }) => hold), transfers })
  // A running job may end concurrently: its outbox row must stay.
  const decided = cases.filter(({ settlement }) => settlement !== 'not-ended')
  await tx.clearJobsEnded(decided.map(({ jobId }) => jobId))
  const changed = new Map(movements.map(({ hold }) => [hold.ref, hold]))
  return cases.map(({ jobId, settlement }) => {
    const hold = changed.get(jobId)
    if (hold) return { jobId, outcome: settlement, hold }
    const done = settlement === 'capture' || settlement === 'void'
    return { jobId, outcome: done ? 'repeat' : settlement }
  })
}

async function readCases(tx: LedgerTransaction, jobIds: readonly string[]) {
  const holds = new Map((await tx.lockJobHolds(jobIds)).map((hold) => [hold.ref, hold]))
  const cases = []
  for (const jobId of jobIds) {
    const hold = holds.get(jobId)
    const job = await tx.readEndedJob(jobId)
    cases.push({ jobId, hold, job, settlement: settlementOf({ hold, job }) })
  }
  return cases
}

const deliveredBy = ({ pictures, apiKeyId }: EndedJob) => ({
  usage: { kind: 'images' as const, pictures },
  source: 'upstream' as const,
  apiKeyId,
})

function recordMetrics(
  { counters, log }: BillingContext,
  { jobId, outcome, hold }: SettledJob,
): void {
  counters.settlements.add({ outcome })
  if (outcome === 'capture' && hold) {
    countCharge(counters, hold)
    if (hold.lossMicro > 0n) {
      log.warn(
        { jobId, lossMicro: String(hold.lossMicro) },
        'a job cost more upstream than its hold',
      )
    }
  }
  if (outcome === 'unheld') log.error({ jobId }, 'a job ended without a hold: it is not charged')
}
