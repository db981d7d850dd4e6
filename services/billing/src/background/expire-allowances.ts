import type { BillingContext } from '../deps.ts'
import { endHold } from '../ledger/hold.ts'
import type { OpenHold } from '../store/ledger-store.ts'

const PAGE_ALLOWANCES = 100
const PAGES_MAX = 100

/**
 * Ends allowances that their edges stopped renewing, after the grace in which spooled records may still
 * arrive, and releases the remainder. Returns how many ended.
 */
export async function expireAllowances(context: BillingContext): Promise<number> {
  const { store, clock, config, counters, log } = context
  const expiredBefore = new Date(clock.nowMs() - config.graceMs)
  let expired = 0
  let after: OpenHold | undefined
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const query = { purpose: 'allowance', expiredBefore, after, limit: PAGE_ALLOWANCES } as const
    const overdue = await store.listOverdue(query)
    expired += await expirePage(context, { overdue, expiredBefore })
    after = overdue.at(-1)
    if (overdue.length < PAGE_ALLOWANCES) break
  }
  counters.holds.add({ purpose: 'allowance', outcome: 'expired' }, expired)
  if (expired > 0) log.info({ expired }, 'allowances expired: their edges stopped renewing them')
  return expired
}

async function expirePage(
  { store, clock }: BillingContext,
  { overdue, expiredBefore }: { overdue: readonly OpenHold[]; expiredBefore: Date },
): Promise<number> {
  if (overdue.length === 0) return 0
  return store.inTransaction(async (tx) => {
    const holds = await tx.lockHolds(overdue.map(({ id }) => id))
    // Between the query and the lock the edge may have renewed or closed it.
    const expired = holds.filter((hold) => hold.state === 'open' && hold.expiresAt < expiredBefore)
    const ended = expired.map((hold) => endHold({ hold, state: 'expired', at: clock.now() }))
    const transfers = ended.flatMap((movement) => movement.transfers)
    await tx.post({ holds: ended.map(({ hold }) => hold), transfers })
    return ended.length
  })
}
