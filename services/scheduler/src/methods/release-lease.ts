import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'

import type { SchedulerContext } from '../deps.ts'
import { applyOutcome } from '../eligibility/apply-outcome.ts'
import type { Health } from '../eligibility/health.ts'
import { initialHealth } from '../eligibility/health.ts'
import type { ReleaseResult } from '../store/pool-store.ts'
import { recordHealthChange, redactOutcome } from './record-health-change.ts'

type Spec = (typeof schedulerContract)['methods']['releaseLease']

/** A circuit opens after five changes and then changes no more, so conflicts cannot go on for long. */
const ATTEMPTS_MAX = 20

/**
 * Releases a lease and applies its outcome to the health in one operation of the pool. The first attempt assumes
 * initial health, which is nearly always right; after a conflict it is repeated with the stored health.
 */
export async function releaseLease(
  context: SchedulerContext,
  { leaseId, outcome: reported }: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const { poolStore, clock, counters } = context
  const outcome = redactOutcome(reported)
  let seen = { health: initialHealth, stamp: 0, probe: false }
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const { health: before, ...version } = seen
    const atMs = clock.nowMs()
    const after = applyOutcome(before, { outcome, atMs, probe: seen.probe })
    const health = after === before ? null : after
    const result = await poolStore.release({ leaseId, seen: version, health })
    if (result.kind === 'lost') return { released: false }
    if (result.kind === 'released') {
      counters.ended.add({ outcome: outcome.kind })
      await publishRelease(context, { result, before, after, wasProbe: seen.probe })
      return { released: true }
    }
    seen = { ...result.known, probe: result.probe }
  }
  const message = 'the lease was not released: the credential changes too often; try again'
  throw new AppError('unavailable', message)
}

async function publishRelease(
  context: SchedulerContext,
  {
    result: { lease, leasesBefore, current },
    before,
    after,
    wasProbe,
  }: {
    result: Extract<ReleaseResult, { kind: 'released' }>
    before: Health
    after: Health
    wasProbe: boolean
  },
): Promise<void> {
  const { catalog, pool, hints } = context
  const { credentialId, channelId, epoch } = lease
  pool.update(credentialId, { leases: leasesBefore - 1, ...(wasProbe && { probing: false }) })
  const recovered = current && recordHealthChange(context, { credentialId, epoch, before, after })
  const limit = catalog.current().credentials.get(credentialId)?.concurrencyMax ?? 0
  // Callers may have been refused because the credential was full, probed or cooling down.
  if (leasesBefore >= limit || wasProbe || recovered) await hints.leaseFreed([channelId])
}
