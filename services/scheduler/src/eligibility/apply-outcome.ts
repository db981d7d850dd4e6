import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { unreachable } from '@sluice/kernel/assert'

import type { Evidence } from './circuit-breaker.ts'
import { recordFailure, recordSuccess } from './circuit-breaker.ts'
import { coolDown, endCooldown } from './cooldown.ts'
import type { Health } from './health.ts'

/**
 * The health after one more use. Answers the same object when nothing was learned, so that the happy
 * path writes nothing. Attention stays until a person lifts it, whatever other calls report.
 */
export function applyOutcome(
  health: Health,
  { outcome, ...evidence }: Evidence & { outcome: Outcome },
): Health {
  const { atMs } = evidence
  switch (outcome.kind) {
    case 'ok':
      return changed(health, {
        circuit: recordSuccess(health.circuit, evidence),
        cooldown: endCooldown(health.cooldown, { atMs }),
      })
    case 'limited': {
      const retryAtMs = outcome.retryAt?.getTime() ?? null
      // An upstream that limits us is up: as an answer to a probe this is a success.
      return changed(health, {
        circuit: recordSuccess(health.circuit, evidence),
        cooldown: coolDown(health.cooldown, { atMs, retryAtMs }),
      })
    }
    case 'unauthorised':
      return changed(health, { attention: health.attention ?? outcome.reason })
    case 'failed':
      return changed(health, { circuit: recordFailure(health.circuit, evidence) })
    case 'aborted':
      return health
    default:
      return unreachable(outcome)
  }
}

function changed(health: Health, facts: Partial<Health>): Health {
  const next = { ...health, ...facts }
  const same =
    next.circuit === health.circuit &&
    next.cooldown === health.cooldown &&
    next.attention === health.attention
  return same ? health : next
}
