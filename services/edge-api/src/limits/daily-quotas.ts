/**
 * Daily quotas of API keys, enforced across all edges, restarts and crashes.
 *
 * Hot path: keys without a quota skip this. For the others the database reserves the worst case in one
 * statement, before the upstream is called or a job is written; the spent amount is written afterwards, off
 * the caller's path. Consistency: spent plus reserved never exceeds the quota. A crashed process leaves
 * reservations open, which background tasks settle by what billing charged. While the database is
 * unavailable, such keys get 503.
 */
import { AppError } from '@sluice/kernel/app-error'
import type { MicroCredits } from '@sluice/kernel/credits'
import { formatCredits, greater } from '@sluice/kernel/credits'
import type { Log } from '@sluice/kernel/log'
import { createBatchSender } from '@sluice/service-kit/batch-sender'
import { LRUCache } from 'lru-cache'

import type { Principal } from '../http/request.ts'
import type { QuotaSettlement, QuotaStore } from '../store/quota-store.ts'
import type { ReconcileDeps } from './reconcile-quotas.ts'
import { reconcileQuotas, settleJobs } from './reconcile-quotas.ts'
import { dayEnd, dayOf } from './quota-day.ts'

/** Settlements that are dropped or lost in a crash stay reserved until reconciliation. */
const SETTLEMENTS = {
  name: 'quota settlements',
  batchMax: 500,
  waitingMax: 20_000,
  waitMs: 25,
  retryMs: 2_000,
}
/** A refusal is cached for this long, so that a flood does not query the database for every request. */
const REFUSAL_MS = 250
const REFUSALS_MAX = 10_000
/** Jobs that this process settles itself; reconciliation on any edge finds further ones. */
const JOBS_MAX = 10_000
/** Settled rows are retained this long, for concurrent repeats of the same reservation. */
const SETTLED_RETAINED_MS = 3_600_000
const DAYS_RETAINED_MS = 90 * 86_400_000
const PRUNE_BATCH = 1_000

/** The part of a key's quota that one call or job may spend. */
export interface QuotaReservation {
  readonly ref: string
  readonly apiKeyId: string
}

export interface QuotaAmount {
  /** The request's id, or the job's. */
  ref: string
  /** Its maximum cost. */
  amountMicro: MicroCredits
}

export interface DailyQuotas {
  /**
   * Reserves the amount; idempotent by `ref`. Throws `daily_quota_exceeded`, or `unavailable` when the
   * database is down.
   */
  reserve(principal: Principal, amount: QuotaAmount): Promise<QuotaReservation>
  /** Throws what `reserve` would throw now; reserves nothing. */
  check(principal: Principal, amountMicro: MicroCredits): Promise<void>
  /** Ends the reservation of a call: `spentMicro` was charged, the rest is released. */
  settle(reservation: QuotaReservation, spentMicro: MicroCredits): void
  /** The reservation belongs to a job: it is settled when billing has charged or released the job. */
  follow(reservation: QuotaReservation): void
  /** Settles the jobs of this process that have ended. Called every few seconds. */
  backgroundTasks(): Promise<void>
  /** Settles reservations of processes that crashed. */
  reconcile(): Promise<void>
  /** Deletes rows after their retention. */
  prune(): Promise<void>
  /** Writes pending settlements, once no call is running. */
  stop(): Promise<void>
}

interface QuotaRefusal {
  amountMicro: MicroCredits
  quotaMicro: MicroCredits
  usedMicro: MicroCredits
}

export function createDailyQuotas(
  deps: ReconcileDeps & { quotaStore: QuotaStore; log: Log },
): DailyQuotas {
  const { quotaStore, clock } = deps
  const settlements = createBatchSender({
    ...SETTLEMENTS,
    send: (batch: QuotaSettlement[]) => quotaStore.settle({ settlements: batch, at: clock.now() }),
    clock,
    log: deps.log,
  })
  const refusals = new LRUCache<string, QuotaRefusal & { untilMs: number }>({ max: REFUSALS_MAX })
  const jobs = new Set<string>()

  return {
    async reserve({ apiKeyId }, { ref, amountMicro }) {
      const nowMs = clock.nowMs()
      const known = refusals.get(apiKeyId)
      if (known && nowMs < known.untilMs && amountMicro >= known.amountMicro)
        throw exceeded({ ...known, amountMicro }, nowMs)
      const input = { ref, apiKeyId, day: dayOf(nowMs), amountMicro, at: clock.now() }
      let answer = await quotaStore.reserve(input)
      // Pending settlements of this process may free enough quota.
      if (answer.outcome === 'refused' && (await settlements.flush()))
        answer = await quotaStore.reserve(input)
      if (answer.outcome !== 'refused') return { ref, apiKeyId }
      const refusal = { ...answer, amountMicro }
      refusals.set(apiKeyId, { ...refusal, untilMs: clock.nowMs() + REFUSAL_MS })
      throw exceeded(refusal, nowMs)
    },
    async check({ apiKeyId, dailyQuotaMicro: quotaMicro }, amountMicro) {
      if (quotaMicro === null) return
      const nowMs = clock.nowMs()
      await settlements.flush()
      const used = await quotaStore.readUsed({ apiKeyIds: [apiKeyId], day: dayOf(nowMs) })
      const usedMicro = used.get(apiKeyId) ?? 0n
      if (usedMicro + amountMicro <= quotaMicro) return
      throw exceeded({ amountMicro, quotaMicro, usedMicro }, nowMs)
    },
    settle({ ref, apiKeyId }, spentMicro) {
      refusals.delete(apiKeyId)
      settlements.add({ ref, spentMicro })
    },
    follow({ ref }) {
      if (jobs.size < JOBS_MAX) jobs.add(ref)
    },
    async backgroundTasks() {
      const followed = [...jobs]
      const open = new Set(await settleJobs(deps, followed))
      for (const jobId of followed) if (!open.has(jobId)) jobs.delete(jobId)
    },
    reconcile: () => reconcileQuotas(deps),
    async prune() {
      const nowMs = clock.nowMs()
      const settledBefore = new Date(nowMs - SETTLED_RETAINED_MS)
      const old = { settledBefore, dayBefore: dayOf(nowMs - DAYS_RETAINED_MS), limit: PRUNE_BATCH }
      while ((await quotaStore.prune(old)) >= PRUNE_BATCH);
    },
    stop: settlements.stop,
  }
}

function exceeded({ amountMicro, quotaMicro, usedMicro }: QuotaRefusal, nowMs: number): AppError {
  const required = formatCredits(amountMicro)
  const left = formatCredits(greater(0n, quotaMicro - usedMicro))
  const resetsAt = dayEnd(nowMs).toISOString()
  return new AppError(
    'daily_quota_exceeded',
    `This may cost up to ${required} credits; ${left} of this API key's daily quota are left. ` +
      `The quota resets at ${resetsAt}.`,
    {
      retryAfterMs: dayEnd(nowMs).getTime() - nowMs,
      details: { required_credits: required, left_credits: left, resets_at: resetsAt },
    },
  )
}
