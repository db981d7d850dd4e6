import type { BillingContext } from '../deps.ts'
import { voidJob } from '../ledger/hold.ts'

const PAGE_HOLDS = 500
const PAGES_MAX = 1_000

/**
 * Voids holds whose jobs were never stored: the process that opened them died, or its call timed out before
 * the hold was written. A job submitted later is refused, since its hold is not open (trigger
 * `job_needs_open_hold`). Returns how many holds were voided.
 */
export async function voidUnusedHolds(context: BillingContext): Promise<number> {
  const { store, clock, config, counters, log } = context
  const openedBefore = new Date(clock.nowMs() - config.unusedHoldMs)
  let voided = 0
  let after: string | undefined
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { refs, next } = await store.listWithoutJob({ openedBefore, after, limit: PAGE_HOLDS })
    for (const ref of refs) if (await voidUnused(context, ref)) voided += 1
    if (next === undefined) break
    after = next
  }
  counters.holds.add({ purpose: 'job', outcome: 'unused' }, voided)
  if (voided > 0) log.warn({ voided }, 'holds without a job were voided')
  return voided
}

/** False when the job was submitted or the hold ended after the list was read. */
async function voidUnused({ store, clock }: BillingContext, ref: string): Promise<boolean> {
  return store.inTransaction(async (tx) => {
    const hold = await tx.lockHold({ purpose: 'job', ref })
    if (hold?.state !== 'open' || (await tx.hasJob(ref))) return false
    const { hold: ended, transfers } = voidJob({ hold, at: clock.now() })
    await tx.post({ holds: [ended], transfers })
    return true
  })
}
