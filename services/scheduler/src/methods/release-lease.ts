import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'

import type { SchedulerContext } from '../deps.ts'
import { applyOutcome } from '../eligibility/apply-outcome.ts'
import type { Health } from '../eligibility/health.ts'
import { freshHealth } from '../eligibility/health.ts'
import type { ReleaseResult } from '../store/pool-store.ts'
import { noteHealth, withoutSecrets } from './note-health.ts'

type Spec = (typeof schedulerContract)['methods']['releaseLease']

/** A circuit trips after five changes and is then left alone, so others cannot outrun us for long. */
const DECISIONS_MAX = 20

/**
 * Gives a lease back and learns from its outcome, in one step of the pool. It is decided for a healthy
 * credential first, which is nearly always right; if the pool knows better, once more from what it says.
 */
export async function releaseLease(
  context: SchedulerContext,
  { leaseId, outcome: reported }: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const { poolStore, clock, counters } = context
  const outcome = withoutSecrets(reported)
  let seen = { health: freshHealth, stamp: 0, probe: false }
  for (let decision = 0; decision < DECISIONS_MAX; decision += 1) {
    const { health: before, ...known } = seen
    const atMs = clock.nowMs()
    const after = applyOutcome(before, { outcome, atMs, probe: seen.probe })
    const health = after === before ? null : after
    const result = await poolStore.release({ leaseId, seen: known, health })
    if (result.kind === 'lost') return { released: false }
    if (result.kind === 'released') {
      counters.ended.add({ outcome: outcome.kind })
      await tell(context, { result, before, after, wasProbe: seen.probe })
      return { released: true }
    }
    seen = { ...result.known, probe: result.probe }
  }
  throw new AppError('unavailable', 'the credential is too busy to be given back; try again')
}

async function tell(
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
  pool.learn(credentialId, { leases: leasesBefore - 1, ...(wasProbe && { probing: false }) })
  const opened = current && noteHealth(context, { credentialId, epoch, before, after })
  const limit = catalog.current().credentials.get(credentialId)?.concurrencyMax ?? 0
  // Who was refused because of this credential found it full, or being probed, or resting.
  if (leasesBefore >= limit || wasProbe || opened) await hints.leaseFreed([channelId])
}
