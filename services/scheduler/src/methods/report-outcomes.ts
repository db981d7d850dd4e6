import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'

import type { Credential } from '../catalog/credential.ts'
import type { SchedulerContext } from '../deps.ts'
import { applyOutcome } from '../eligibility/apply-outcome.ts'
import { circuitState } from '../eligibility/circuit-breaker.ts'
import type { Health } from '../eligibility/health.ts'
import { freshHealth } from '../eligibility/health.ts'
import type { Known } from '../store/pool-store.ts'
import { noteHealth, withoutSecrets } from './note-health.ts'

type Spec = (typeof schedulerContract)['methods']['reportOutcomes']
type Report = InputOf<Spec>['outcomes'][number]

const DECISIONS_MAX = 20

/**
 * Learns from uses of shared credentials. Reports of one credential are taken in the order of their
 * times; those about credentials that are gone are dropped. Answers how many were taken.
 */
export async function reportOutcomes(
  context: SchedulerContext,
  { outcomes }: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const { catalog, poolStore, hints, counters } = context
  const { credentials } = catalog.current()
  const reportsOf = Map.groupBy(outcomes, (report) => report.credentialId)
  const ids = [...reportsOf.keys()].filter((id) => credentials.has(id))
  const standings = await poolStore.read(ids)
  const freed: string[] = []
  let applied = 0
  for (const id of ids) {
    const [credential, known] = [credentials.get(id), standings.get(id)]
    const reports = reportsOf.get(id) ?? []
    if (credential === undefined || known === undefined) continue
    const result = await learnFrom(context, { credential, known, reports })
    applied += result.applied
    if (result.opened) freed.push(credential.channelId)
  }
  for (const { outcome } of outcomes) counters.reported.add({ outcome: outcome.kind })
  await hints.leaseFreed(freed)
  return { applied }
}

async function learnFrom(
  context: SchedulerContext,
  {
    credential: { id: credentialId, epoch },
    known: first,
    reports,
  }: { credential: Credential; known: Known; reports: readonly Report[] },
): Promise<{ applied: number; opened: boolean }> {
  let known = first
  for (let decision = 0; decision < DECISIONS_MAX; decision += 1) {
    // A person spoke after these calls, or our catalog is old: what they say is void.
    if (known.epoch > epoch) break
    const { health: before, stamp } =
      known.epoch < epoch ? { health: freshHealth, stamp: 0 } : known
    const after = replay(before, { reports, nowMs: context.clock.nowMs() })
    const done = { applied: reports.length, opened: false }
    if (after === before) return done
    const change = { credentialId, epoch, stamp, health: after }
    const result = await context.poolStore.writeHealth(change)
    if (result.kind === 'written') {
      return { ...done, opened: noteHealth(context, { credentialId, epoch, before, after }) }
    }
    known = result.known
  }
  return { applied: 0, opened: false }
}

function replay(
  health: Health,
  { reports, nowMs }: { reports: readonly Report[]; nowMs: number },
): Health {
  const inOrder = reports.toSorted((a, b) => a.at.getTime() - b.at.getTime())
  return inOrder.reduce((health, { outcome, at }) => {
    // A clock that runs ahead must not make failures of the future.
    const atMs = Math.min(at.getTime(), nowMs)
    // Nobody leases a shared credential: its first use after the open time is the probe.
    const probe = circuitState(health.circuit, atMs) === 'half-open'
    return applyOutcome(health, { outcome: withoutSecrets(outcome), atMs, probe })
  }, health)
}
