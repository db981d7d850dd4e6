import type { Outcome } from '@sluice/contracts/scheduler.contract'
import { unreachable } from '@sluice/kernel/assert'

import type { OutcomeContext } from './circuit-breaker.ts'
import { recordFailure, recordSuccess } from './circuit-breaker.ts'
import { coolDown, endCooldown } from './cooldown.ts'
import type { Health } from './health.ts'
import type { Use } from './restrictions.ts'
import { denyUse, liftRestrictions, limitModel } from './restrictions.ts'

/**
 * The health after one more use. Returns the same object when nothing changes, so that the common case writes
 * nothing. Attention stays until an operator resets it, whatever other calls report.
 */
export function applyOutcome(
  health: Health,
  { outcome, ...context }: OutcomeContext & { outcome: Outcome },
): Health {
  const { atMs } = context
  switch (outcome.kind) {
    case 'ok':
      return changed(health, {
        circuit: recordSuccess(health.circuit, context),
        cooldown: endCooldown(health.cooldown, { atMs }),
        refusals: 0,
        restrictions: liftRestrictions(health.restrictions, { ...useOf(outcome), atMs }),
      })
    case 'limited': {
      const retryAtMs = outcome.retryAt?.getTime() ?? null
      const { model } = outcome
      // An upstream that limits calls is available: for a probe this is a success.
      const circuit = recordSuccess(health.circuit, context)
      if (model === undefined) {
        return changed(health, {
          circuit,
          cooldown: coolDown(health.cooldown, { atMs, retryAtMs }),
        })
      }
      const restrictions = limitModel(health.restrictions, { model, atMs, retryAtMs })
      return changed(health, { circuit, restrictions })
    }
    case 'denied':
      return changed(health, {
        circuit: recordSuccess(health.circuit, context),
        restrictions: denyUse(health.restrictions, { ...useOf(outcome), atMs }),
      })
    case 'refused':
      return refuse(health, { outcome, atMs })
    case 'unauthorised':
      return changed(health, { attention: health.attention ?? outcome.reason })
    case 'failed':
      return changed(health, { circuit: recordFailure(health.circuit, context) })
    case 'aborted':
      return health
    default:
      return unreachable(outcome)
  }
}

/**
 * A refusal without a reason. For a call the cause may be the prompt, so the credential only cools down. For the
 * list of models the cause is the credential or a missing permission: after refused calls it is the former.
 */
function refuse(
  health: Health,
  { outcome, atMs }: { outcome: Extract<Outcome, { kind: 'refused' }>; atMs: number },
): Health {
  const { operation, reason } = outcome
  if (operation === 'models') {
    return health.refusals === 0
      ? health
      : changed(health, { attention: health.attention ?? reason })
  }
  return changed(health, {
    cooldown: coolDown(health.cooldown, { atMs, retryAtMs: null }),
    refusals: Math.min(health.refusals + 1, REFUSALS_COUNTED_MAX),
  })
}

const REFUSALS_COUNTED_MAX = 1_000

function useOf({ operation, model }: Use): Use {
  return { operation, model }
}

function changed(health: Health, facts: Partial<Health>): Health {
  const next = { ...health, ...facts }
  const same =
    next.circuit === health.circuit &&
    next.cooldown === health.cooldown &&
    next.attention === health.attention &&
    next.refusals === health.refusals &&
    next.restrictions === health.restrictions
  return same ? health : next
}
