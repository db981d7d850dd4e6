/**
 * May this key spend so much more today: daily quotas of API keys, as a limit that holds over all edges,
 * restarts and crashes.
 *
 * Hot path: keys without a quota never come here. For the others the database sets the worst case aside
 * before the upstream is asked or a job is written, in one statement; what was spent is written afterwards,
 * off the caller's path. Consistency: spent and reserved together never pass the quota. Who dies leaves too
 * much reserved; upkeep settles it by what billing charged. With the database away, such keys wait with 503.
 */
import { AppError } from '@sluice/kernel/app-error'
import type { MicroCredits } from '@sluice/kernel/credits'
import { formatCredits, greater } from '@sluice/kernel/credits'
import type { Log } from '@sluice/kernel/log'
import { LRUCache } from 'lru-cache'

import type { Principal } from '../request.ts'
import type { QuotaStore } from '../store/quota-store.ts'
import type { ReconcileDeps } from '../background/reconcile-quotas.ts'
import { reconcileQuotas, settleJobs } from '../background/reconcile-quotas.ts'
import { dayEnd, dayOf } from './quota-day.ts'
import { quotaSettlements } from './quota-settlements.ts'

/** A refusal is repeated for so long instead of asking for every request of a flood. */
const REFUSAL_MS = 250
const REFUSALS_MAX = 10_000
/** Jobs whose end this process waits for; further ones are found by every edge's reconciliation. */
const JOBS_MAX = 10_000
/** Settled rows stay so long: a repeat that was under way meanwhile must still find them. */
const SETTLED_KEPT_MS = 3_600_000
const DAYS_KEPT_MS = 90 * 86_400_000
const PRUNE_BATCH = 1_000

/** What one call or job may spend of a key's quota. */
export interface QuotaReservation {
  readonly ref: string
  readonly apiKeyId: string
}

export interface QuotaAmount {
  /** The request's id, or the job's. */
  ref: string
  /** The most that it may cost. */
  amountMicro: MicroCredits
}

export interface DailyQuotas {
  /**
   * Sets the amount aside. The same ref again is the same reservation. Throws `daily_quota_exceeded`, or
   * `unavailable` when the database is away.
   */
  reserve(principal: Principal, amount: QuotaAmount): Promise<QuotaReservation>
  /** Throws what `reserve` would throw by what is used now; sets nothing aside. */
  check(principal: Principal, amountMicro: MicroCredits): Promise<void>
  /** A call has ended: so much was charged, the rest is free again. */
  settle(reservation: QuotaReservation, spentMicro: MicroCredits): void
  /** A job was written under the reservation: it is settled when billing has decided. */
  follow(reservation: QuotaReservation): void
  /** Settles what has ended here. Called every few seconds. */
  backgroundTasks(): Promise<void>
  /** Settles what others left behind. */
  reconcile(): Promise<void>
  /** Forgets what nobody will ask for. */
  prune(): Promise<void>
  /** Writes what is left, when no call is running any more. */
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
  const settlements = quotaSettlements(deps)
  const refusals = new LRUCache<string, QuotaRefusal & { untilMs: number }>({ max: REFUSALS_MAX })
  const jobs = new Set<string>()

  return {
    async reserve({ apiKeyId }, { ref, amountMicro }) {
      const nowMs = clock.nowMs()
      const known = refusals.get(apiKeyId)
      if (known && nowMs < known.untilMs && amountMicro >= known.amountMicro)
        throw exceeded({ ...known, amountMicro }, nowMs)
      const ask = { ref, apiKeyId, day: dayOf(nowMs), amountMicro, at: clock.now() }
      let answer = await quotaStore.reserve(ask)
      // What has ended here a moment ago may make room.
      if (answer.outcome === 'refused' && (await settlements.flush()))
        answer = await quotaStore.reserve(ask)
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
      await settlements.flush()
      const asked = [...jobs]
      const open = new Set(await settleJobs(deps, asked))
      for (const jobId of asked) if (!open.has(jobId)) jobs.delete(jobId)
    },
    reconcile: () => reconcileQuotas(deps),
    async prune() {
      const nowMs = clock.nowMs()
      const settledBefore = new Date(nowMs - SETTLED_KEPT_MS)
      const old = { settledBefore, dayBefore: dayOf(nowMs - DAYS_KEPT_MS), limit: PRUNE_BATCH }
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
      `It begins anew at ${resetsAt}.`,
    {
      retryAfterMs: dayEnd(nowMs).getTime() - nowMs,
      details: { required_credits: required, left_credits: left, resets_at: resetsAt },
    },
  )
}
