import type {
  CatalogChannel,
  CatalogCredential,
  CredentialRestriction,
} from '@sluice/contracts/scheduler.contract'

import type { Channel } from '../catalog/channel.ts'
import type { Credential } from '../catalog/credential.ts'
import type { SchedulerContext } from '../deps.ts'
import type { CredentialStatus } from '../eligibility/eligible.ts'
import { healthUnder, idleStatus } from '../eligibility/eligible.ts'
import type { Health } from '../eligibility/health.ts'
import { gateOf } from '../eligibility/health.ts'
import { restrictionsNow } from '../eligibility/restrictions.ts'

/** Room for restrictions in one answer, shared by its channels. */
export const newRestrictionBudget = (): RestrictionBudget => ({ left: RESTRICTIONS_BYTES_MAX })

/** A channel as the contract has it: its rows, and what was learned of its credentials until now. */
export function showChannel(
  { pool, clock }: Pick<SchedulerContext, 'pool' | 'clock'>,
  channel: Channel,
  budget: RestrictionBudget = newRestrictionBudget(),
): CatalogChannel {
  const standings = pool.standings()
  const nowMs = clock.nowMs()
  return {
    ...channel,
    credentials: channel.credentials.map((credential) =>
      show(credential, { status: standings.get(credential.id) ?? idleStatus, nowMs, budget }),
    ),
  }
}

function show(
  credential: Credential,
  { status, nowMs, budget }: { status: CredentialStatus; nowMs: number; budget: RestrictionBudget },
): CatalogCredential {
  const { id, state, stateReason, concurrencyMax, coolingUntil, secret } = credential
  const health = healthUnder(credential, status)
  const { shut, restUntilMs } = gateOf(health)
  const restrictions = shownRestrictions(health, { nowMs, budget })
  const untilMs = Math.max(restUntilMs, coolingUntil?.getTime() ?? 0)
  return {
    id,
    // Learned a moment ago, and not yet in the row.
    state: state === 'active' && shut ? 'attention' : state,
    concurrencyMax,
    coolingUntil: untilMs > nowMs ? new Date(untilMs) : null,
    reason: stateReason ?? (state === 'active' ? health.attention : null),
    ...(restrictions.length > 0 && { restrictions }),
    secret,
  }
}

/** The catalog is one message: of very many restrictions only so many are in it, in characters of names. */
const RESTRICTIONS_BYTES_MAX = 60_000
const RESTRICTION_CHARS = 100

interface RestrictionBudget {
  left: number
}

function shownRestrictions(
  health: Health,
  { nowMs, budget }: { nowMs: number; budget: RestrictionBudget },
): CredentialRestriction[] {
  const shown: CredentialRestriction[] = []
  for (const { kind, operation, model, untilMs } of restrictionsNow(health.restrictions, {
    nowMs,
  })) {
    budget.left -= RESTRICTION_CHARS + (model?.length ?? 0)
    if (budget.left < 0) return shown
    const what = { ...(operation && { operation }), ...(model !== undefined && { model }) }
    shown.push({ kind, ...what, until: new Date(untilMs) })
  }
  return shown
}
