import type { Billing } from '@sluice/contracts/billing.contract'
import type { OutputOf } from '@sluice/contracts/define-contract'
import type { billingContract } from '@sluice/contracts/billing.contract'
import type { Clock } from '@sluice/kernel/clock'
import { startDeadline } from '@sluice/kernel/deadline'

import type { OpenReservation, QuotaSettlement, QuotaStore } from '../store/quota-store.ts'

const PAGE_REFS = 500
const PAGES_MAX = 200
const READ_TIMEOUT_MS = 5_000
/** Whoever ends a call settles it by themselves within this time. */
const SETTLING_MS = 5_000

export interface ReconcileDeps {
  quotaStore: Pick<QuotaStore, 'listOpen' | 'settle'>
  billing: Pick<Billing, 'readSettlements'>
  clock: Clock
  /** How long a call or a job without a hold can be alive at most. */
  aliveMsMax: number
}

type Settlements = OutputOf<typeof billingContract.methods.readSettlements>

/**
 * Settles the reservations that nobody else will: of jobs that have ended, and of calls whose edge died.
 * What they spent is what billing charged. One of which billing knows nothing is given back when its
 * request cannot be alive any more.
 */
export async function reconcileQuotas(deps: ReconcileDeps): Promise<void> {
  const { quotaStore, clock } = deps
  let after: string | undefined
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const openedBefore = new Date(clock.nowMs() - SETTLING_MS)
    const open = await quotaStore.listOpen({ openedBefore, after, limit: PAGE_REFS })
    if (open.length === 0) return
    const told = await readSettlements(
      deps,
      open.map(({ ref }) => ref),
    )
    const deadBeforeMs = clock.nowMs() - deps.aliveMsMax
    await quotaStore.settle({
      settlements: decideSettlements({ open, told, deadBeforeMs }),
      at: clock.now(),
    })
    if (open.length < PAGE_REFS) return
    after = open.at(-1)?.ref
  }
}

/** Settles those of these jobs that billing has decided; answers the ones that are still open. */
export async function settleJobs(
  deps: Omit<ReconcileDeps, 'aliveMsMax'>,
  jobIds: readonly string[],
): Promise<string[]> {
  const stillOpen: string[] = []
  for (let start = 0; start < jobIds.length; start += PAGE_REFS) {
    const told = await readSettlements(deps, jobIds.slice(start, start + PAGE_REFS))
    await deps.quotaStore.settle({ settlements: told.settled.map(spentOf), at: deps.clock.now() })
    stillOpen.push(...told.open)
  }
  return stillOpen
}

/** What each open reservation spent, of those of which that is known or can be said. */
export function decideSettlements({
  open,
  told,
  deadBeforeMs,
}: {
  open: readonly OpenReservation[]
  told: Settlements
  deadBeforeMs: number
}): QuotaSettlement[] {
  const known = new Set([...told.open, ...told.settled.map(({ ref }) => ref)])
  const lost = open.filter(
    ({ ref, openedAt }) => !known.has(ref) && openedAt.getTime() < deadBeforeMs,
  )
  return [...told.settled.map(spentOf), ...lost.map(({ ref }) => ({ ref, spentMicro: 0n }))]
}

const spentOf = ({ ref, chargedMicro }: Settlements['settled'][number]): QuotaSettlement => ({
  ref,
  spentMicro: chargedMicro,
})

async function readSettlements(
  { billing, clock }: Pick<ReconcileDeps, 'billing' | 'clock'>,
  refs: string[],
): Promise<Settlements> {
  const deadline = startDeadline(clock, READ_TIMEOUT_MS)
  try {
    return await billing.readSettlements({ refs }, { signal: deadline.signal })
  } finally {
    deadline.clear()
  }
}
