import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { redactText } from '@sluice/service-kit/redact-text'

import type { SchedulerContext } from '../deps.ts'
import type { Health } from '../eligibility/health.ts'
import { gateOf } from '../eligibility/health.ts'

/** Upstreams like to repeat the key that they refuse; the reason is shown on the panel and logged. */
export function withoutSecrets(outcome: Outcome): Outcome {
  if (!('reason' in outcome)) return outcome
  return { ...outcome, reason: redactText(outcome.reason) }
}

/**
 * Keeps, counts and logs a change of health that the pool has accepted. Answers whether the credential
 * may be used more than before.
 */
export function noteHealth(
  { pool, hints, log, counters }: Pick<SchedulerContext, 'pool' | 'hints' | 'log' | 'counters'>,
  {
    credentialId,
    epoch,
    before,
    after,
  }: { credentialId: string; epoch: number; before: Health; after: Health },
): boolean {
  if (after === before) return false
  pool.learn(credentialId, { epoch, health: after })
  const [was, is] = [gateOf(before), gateOf(after)]
  if (is.shut !== was.shut || is.restUntilMs !== was.restUntilMs) hints.healthChanged()
  if (after.restrictions !== before.restrictions) {
    hints.healthChanged()
    noteRestrictions({ log, counters }, { credentialId, before, after })
  }
  const facts = { credentialId, restUntil: new Date(is.restUntilMs) }
  if (is.shut && !was.shut) {
    counters.health.add({ change: 'attention' })
    log.warn({ credentialId, reason: after.attention }, 'a credential needs a person')
    return false
  }
  if (is.probation && is.restUntilMs > was.restUntilMs) {
    counters.health.add({ change: 'tripped' })
    log.warn(facts, 'a circuit is open')
    return false
  }
  if (is.restUntilMs > was.restUntilMs) {
    counters.health.add({ change: 'resting' })
    log.info(facts, 'a credential rests')
    return false
  }
  const opened = was.restUntilMs > 0 && is.restUntilMs === 0
  if (opened) counters.health.add({ change: 'back' })
  return opened || after.restrictions.length < before.restrictions.length
}

function noteRestrictions(
  { log, counters }: Pick<SchedulerContext, 'log' | 'counters'>,
  { credentialId, before, after }: { credentialId: string; before: Health; after: Health },
): void {
  for (const restriction of after.restrictions) {
    if (before.restrictions.includes(restriction)) continue
    const { kind, operation, model, untilMs } = restriction
    counters.health.add({ change: kind })
    const facts = { credentialId, operation, model, until: new Date(untilMs) }
    log.info(facts, `a credential is ${kind} for one use`)
  }
}
