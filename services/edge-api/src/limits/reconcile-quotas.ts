import type { Billing } from '@sluice/contracts/billing.contract'
import type { OutputOf } from '@sluice/contracts/define-contract'
import type { billingContract } from '@sluice/contracts/billing.contract'
import type { Clock } from '@sluice/kernel/clock'
import { startDeadline } from '@sluice/kernel/deadline'

import type { OpenReservation, QuotaSettlement, QuotaStore } from '../store/quota-store.ts'

const PAGE_REFS = 500
const PAGES_MAX = 200
const READ_TIMEOUT_MS = 5_000
/** A running process settles its own calls within this time. */
const SETTLING_MS = 5_000

export interface ReconcileDeps {
  quotaStore: Pick<QuotaStore, 'listOpen' | 'settle'>
  billing: Pick<Billing, 'readSettlements'>
  clock: Clock
  /** Maximum lifetime of a call, or of a job without a hold. */
  aliveMsMax: number
}

type Settlements = OutputOf<typeof billingContract.methods.readSettlements>

/**
 * Settles the reservations of ended jobs and of calls whose edge crashed, by what billing charged. A
 * reservation that billing does not know is released once its request can no longer be running.
 */
export async function reconcileQuotas(deps: ReconcileDeps): Promise<void> {
  const { quotaStore, clock } = deps
  let after: string | undefined
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const openedBefore = new Date(clock.nowMs() - SETTLING_MS)
    const open = await quotaStore.listOpen({ openedBefore, after, limit: PAGE_REFS })
    if (open.length === 0) return
    const settlements = await readSettlements(
      deps,
      open.map(({ ref }) => ref),
    )
    const deadBeforeMs = clock.nowMs() - deps.aliveMsMax
    await quotaStore.settle({
      settlements: decideSettlements({ open, known: settlements, deadBeforeMs }),
      at: clock.now(),
    })
    if (open.length < PAGE_REFS) return
    after = open.at(-1)?.ref
  }
}

/** Settles the jobs that billing has charged or released; returns the ones that are still open. */
export async function settleJobs(
  deps: Omit<ReconcileDeps, 'aliveMsMax'>,
  jobIds: readonly string[],
): Promise<string[]> {
  const stillOpen: string[] = []
  for (let start = 0; start < jobIds.length; start += PAGE_REFS) {
    const settlements = await readSettlements(deps, jobIds.slice(start, start + PAGE_REFS))
    await deps.quotaStore.settle({
      settlements: settlements.settled.map(spentOf),
      at: deps.clock.now(),
    })
    stillOpen.push(...settlements.open)
  }
  return stillOpen
}

/** The settlements of open reservations that billing has settled, or that are certainly lost. */
export function decideSettlements({
  open,
  known: { settled, open: stillOpen },
  deadBeforeMs,
}: {
  open: readonly OpenReservation[]
  known: Settlements
  deadBeforeMs: number
}): QuotaSettlement[] {
  const knownRefs = new Set([...stillOpen, ...settled.map(({ ref }) => ref)])
  const lost = open.filter(
    ({ ref, openedAt }) => !knownRefs.has(ref) && openedAt.getTime() < deadBeforeMs,
  )
  return [...settled.map(spentOf), ...lost.map(({ ref }) => ({ ref, spentMicro: 0n }))]
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
