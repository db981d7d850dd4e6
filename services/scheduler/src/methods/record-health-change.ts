import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { redactText } from '@sluice/service-kit/redact-text'

import type { SchedulerContext } from '../deps.ts'
import type { Health } from '../eligibility/health.ts'
import { gateOf } from '../eligibility/health.ts'

/** Redacts the reason, which may contain the refused key; it is logged and shown in the panel. */
export function redactOutcome(outcome: Outcome): Outcome {
  if (!('reason' in outcome)) return outcome
  return { ...outcome, reason: redactText(outcome.reason) }
}

/**
 * Caches, counts and logs a change of health that the pool has accepted. Returns whether the credential may be
 * used more than before.
 */
export function recordHealthChange(
  { pool, hints, log, counters }: Pick<SchedulerContext, 'pool' | 'hints' | 'log' | 'counters'>,
  {
    credentialId,
    epoch,
    before,
    after,
  }: { credentialId: string; epoch: number; before: Health; after: Health },
): boolean {
  if (after === before) return false
  pool.update(credentialId, { epoch, health: after })
  const [oldGate, newGate] = [gateOf(before), gateOf(after)]
  if (newGate.disabled !== oldGate.disabled || newGate.notBeforeMs !== oldGate.notBeforeMs)
    hints.healthChanged()
  if (after.restrictions !== before.restrictions) {
    hints.healthChanged()
    recordRestrictions({ log, counters }, { credentialId, before, after })
  }
  const facts = { credentialId, until: new Date(newGate.notBeforeMs) }
  if (newGate.disabled && !oldGate.disabled) {
    counters.health.add({ change: 'attention' })
    log.warn({ credentialId, reason: after.attention }, 'credential disabled: upstream refused it')
    return false
  }
  if (newGate.probation && newGate.notBeforeMs > oldGate.notBeforeMs) {
    counters.health.add({ change: 'tripped' })
    log.warn(facts, 'circuit of a credential opened: its calls failed')
    return false
  }
  if (newGate.notBeforeMs > oldGate.notBeforeMs) {
    counters.health.add({ change: 'resting' })
    log.info(facts, 'credential cools down: upstream limited or refused its calls')
    return false
  }
  const recovered = oldGate.notBeforeMs > 0 && newGate.notBeforeMs === 0
  if (recovered) counters.health.add({ change: 'back' })
  return recovered || after.restrictions.length < before.restrictions.length
}

function recordRestrictions(
  { log, counters }: Pick<SchedulerContext, 'log' | 'counters'>,
  { credentialId, before, after }: { credentialId: string; before: Health; after: Health },
): void {
  for (const restriction of after.restrictions) {
    if (before.restrictions.includes(restriction)) continue
    const { kind, operation, model, untilMs } = restriction
    counters.health.add({ change: kind })
    const facts = { credentialId, operation, model, until: new Date(untilMs) }
    log.info(facts, `credential restricted: upstream ${kind} one model or operation`)
  }
}
