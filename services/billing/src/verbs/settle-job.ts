import { unreachable } from '@sluice/kernel/assert'
import type { PriceBook } from '@sluice/pricing/price-book'
import { crashPoint } from '@sluice/service-kit/crash-point'

import { countCharge } from '../counters.ts'
import type { BillingParts } from '../deps.ts'
import type { Hold } from '../ledger/hold.ts'
import { voidJob } from '../ledger/hold.ts'
import type { Settlement } from '../ledger/settlement.ts'
import { settlementOf } from '../ledger/settlement.ts'
import type { EndedJob, LedgerBook } from '../store/ledger-store.ts'
import { chargeJob } from './charge-job.ts'

/** What was done about a job's money; `repeat` when that had been done before. */
export type SettleOutcome = Settlement | 'repeat'

/**
 * Ends a job's hold by what became of the job: charges what was kept, or gives all back. One
 * transaction: it locks the hold, reads the job, posts, and clears the outbox. Safe to repeat.
 */
export async function settleJob(
  parts: BillingParts,
  { jobId }: { jobId: string },
): Promise<SettleOutcome> {
  const prices = await parts.prices.book()
  const settled = await parts.store.inTransaction(async (book) => {
    const hold = await book.lockHold({ purpose: 'job', ref: jobId })
    const job = await book.readEndedJob(jobId)
    const done = await settleInBook(book, { hold, job, prices, at: parts.clock.now() })
    // A job that has not ended may end right now; its promise must stay for the next look.
    if (done.outcome !== 'not-ended') await book.clearJobEnded(jobId)
    return done
  })
  crashPoint('billing-after-capture')
  tell(parts, { jobId, ...settled })
  return settled.outcome
}

export interface Decision {
  hold: Hold | undefined
  job: EndedJob | undefined
  /** As known before the transaction. */
  prices: PriceBook
  at: Date
}

/** The same within a transaction that has locked the hold and read the job. */
export async function settleInBook(
  book: LedgerBook,
  { hold, job, prices, at }: Decision,
): Promise<{ outcome: SettleOutcome; hold?: Hold | undefined }> {
  const outcome = settlementOf({ hold, job })
  if (!hold || !job) return { outcome, hold }
  switch (outcome) {
    case 'capture': {
      const usage = { kind: 'images', pictures: job.pictures } as const
      const delivered = { usage, source: 'upstream', apiKeyId: job.apiKeyId } as const
      const charged = await chargeJob(book, { hold, delivered, prices, at })
      return charged.fresh ? { outcome, hold: charged.hold } : { outcome: 'repeat' }
    }
    case 'void': {
      if (hold.settledAt !== null) return { outcome: 'repeat' }
      const voided = voidJob({ hold, at })
      await book.post({ holds: [voided.hold], transfers: voided.transfers })
      return { outcome, hold: voided.hold }
    }
    case 'not-ended':
    case 'unheld':
      return { outcome }
    default:
      return unreachable(outcome)
  }
}

function tell(
  { counters, log }: BillingParts,
  { jobId, outcome, hold }: { jobId: string; outcome: SettleOutcome; hold?: Hold | undefined },
): void {
  counters.settlements.add({ outcome })
  if (outcome === 'capture' && hold) {
    countCharge(counters, hold)
    if (hold.lossMicro > 0n) log.warn({ jobId, lossMicro: hold.lossMicro }, 'upstream loss')
  }
  if (outcome === 'unheld') log.error({ jobId }, 'a job without a hold ended: nobody pays for it')
}
