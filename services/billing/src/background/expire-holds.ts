import type { BillingContext } from '../deps.ts'
import { endHold } from '../ledger/hold.ts'
import type { OpenHold } from '../store/ledger-store.ts'
import { settleInTransaction } from '../methods/settle-jobs.ts'

const PAGE_HOLDS = 100
const PAGES_MAX = 100

export interface ExpiredHolds {
  /** Released: their jobs do not exist. */
  expired: number
  /** Settled here: their jobs had ended, and no `image-job-ended` event was handled. */
  settled: number
  /** Left open: their jobs still run. */
  running: number
}

/**
 * Ends job holds past their expiry and grace. A hold whose job runs stays open; one whose job ended is
 * charged for the stored pictures; one without a job is released.
 */
export async function expireHolds(context: BillingContext): Promise<ExpiredHolds> {
  const { store, clock, config, counters, log } = context
  const expiredBefore = new Date(clock.nowMs() - config.graceMs)
  const counts: ExpiredHolds = { expired: 0, settled: 0, running: 0 }
  let after: OpenHold | undefined
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const query = { purpose: 'job', expiredBefore, after, limit: PAGE_HOLDS } as const
    const overdue = await store.listOverdue(query)
    for (const { ref } of overdue) {
      const outcome = await expireHold(context, ref)
      if (outcome !== 'already-ended') counts[outcome] += 1
    }
    after = overdue.at(-1)
    if (overdue.length < PAGE_HOLDS) break
  }
  counters.holds.add({ purpose: 'job', outcome: 'expired' }, counts.expired)
  if (counts.running > 0) log.warn(counts, 'jobs run past the expiry of their holds')
  else if (counts.expired + counts.settled > 0) log.info(counts, 'overdue holds were ended')
  return counts
}

/** Ends one overdue hold in one transaction. `already-ended` when another transaction ended it first. */
async function expireHold(
  context: BillingContext,
  ref: string,
): Promise<keyof ExpiredHolds | 'already-ended'> {
  const prices = await context.prices.book()
  const at = context.clock.now()
  return context.store.inTransaction(async (tx) => {
    const hold = await tx.lockHold({ purpose: 'job', ref })
    if (hold?.state !== 'open') return 'already-ended'
    const [settled] = await settleInTransaction(tx, { jobIds: [ref], prices, at })
    if (settled?.outcome !== 'not-ended') return 'settled'
    if (await tx.isJobRunning(ref)) return 'running'
    const ended = endHold({ hold, state: 'expired', at })
    await tx.post({ holds: [ended.hold], transfers: ended.transfers })
    return 'expired'
  })
}
