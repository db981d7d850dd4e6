import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'

import type { Credential } from '../catalog/credential.ts'
import type { SchedulerContext } from '../deps.ts'
import { applyOutcome } from '../eligibility/apply-outcome.ts'
import { circuitState } from '../eligibility/circuit-breaker.ts'
import type { Health } from '../eligibility/health.ts'
import { initialHealth } from '../eligibility/health.ts'
import type { VersionedHealth } from '../store/pool-store.ts'
import { recordHealthChange, redactOutcome } from './record-health-change.ts'

type Spec = (typeof schedulerContract)['methods']['reportOutcomes']
type Report = InputOf<Spec>['outcomes'][number]

const ATTEMPTS_MAX = 20

/**
 * Applies outcomes of shared credentials to their health. Reports of one credential are applied in the order of
 * their times; reports of unknown credentials are dropped. Returns how many were applied.
 */
export async function reportOutcomes(
  context: SchedulerContext,
  { outcomes }: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const { catalog, poolStore, hints, counters } = context
  const { credentials } = catalog.current()
  const reportsOf = Map.groupBy(outcomes, (report) => report.credentialId)
  const ids = [...reportsOf.keys()].filter((id) => credentials.has(id))
  const statuses = await poolStore.read(ids)
  const freed: string[] = []
  let applied = 0
  for (const id of ids) {
    const [credential, known] = [credentials.get(id), statuses.get(id)]
    const reports = reportsOf.get(id) ?? []
    if (credential === undefined || known === undefined) continue
    const result = await applyReports(context, { credential, known, reports })
    applied += result.applied
    if (result.recovered) freed.push(credential.channelId)
  }
  for (const { outcome } of outcomes) counters.reported.add({ outcome: outcome.kind })
  await hints.leaseFreed(freed)
  return { applied }
}

async function applyReports(
  context: SchedulerContext,
  {
    credential: { id: credentialId, epoch },
    known: first,
    reports,
  }: { credential: Credential; known: VersionedHealth; reports: readonly Report[] },
): Promise<{ applied: number; recovered: boolean }> {
  let known = first
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    // An operator set the state after these calls, or the cached catalog is old: the reports are ignored.
    if (known.epoch > epoch) break
    const { health: before, stamp } =
      known.epoch < epoch ? { health: initialHealth, stamp: 0 } : known
    const after = replay(before, { reports, nowMs: context.clock.nowMs() })
    const done = { applied: reports.length, recovered: false }
    if (after === before) return done
    const change = { credentialId, epoch, stamp, health: after }
    const result = await context.poolStore.writeHealth(change)
    if (result.kind === 'written') {
      return {
        ...done,
        recovered: recordHealthChange(context, { credentialId, epoch, before, after }),
      }
    }
    known = result.known
  }
  return { applied: 0, recovered: false }
}

function replay(
  health: Health,
  { reports, nowMs }: { reports: readonly Report[]; nowMs: number },
): Health {
  const inOrder = reports.toSorted((a, b) => a.at.getTime() - b.at.getTime())
  return inOrder.reduce((health, { outcome, at }) => {
    // The edge's clock may run ahead: a failure must not be in the future.
    const atMs = Math.min(at.getTime(), nowMs)
    // A shared credential has no leases: its first use after the open time is the probe.
    const probe = circuitState(health.circuit, atMs) === 'half-open'
    return applyOutcome(health, { outcome: redactOutcome(outcome), atMs, probe })
  }, health)
}
