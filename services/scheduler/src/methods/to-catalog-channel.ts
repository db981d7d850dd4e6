import type {
  CatalogChannel,
  CatalogCredential,
  CredentialRestriction,
} from '@sluice/contracts/scheduler.contract'

import type { Channel } from '../catalog/channel.ts'
import type { Credential } from '../catalog/credential.ts'
import type { SchedulerContext } from '../deps.ts'
import type { CredentialStatus } from '../eligibility/eligibility.ts'
import { healthAtEpoch, idleStatus } from '../eligibility/eligibility.ts'
import type { Health } from '../eligibility/health.ts'
import { gateOf } from '../eligibility/health.ts'
import { activeRestrictions } from '../eligibility/restrictions.ts'

/** The budget for restrictions in one response, shared by its channels. */
export const newRestrictionBudget = (): RestrictionBudget => ({ left: RESTRICTIONS_BYTES_MAX })

/** A channel in the form of the contract: its rows and the current health of its credentials. */
export function toCatalogChannel(
  { pool, clock }: Pick<SchedulerContext, 'pool' | 'clock'>,
  channel: Channel,
  budget: RestrictionBudget = newRestrictionBudget(),
): CatalogChannel {
  const statuses = pool.statuses()
  const nowMs = clock.nowMs()
  return {
    ...channel,
    credentials: channel.credentials.map((credential) =>
      toCatalogCredential(credential, {
        status: statuses.get(credential.id) ?? idleStatus,
        nowMs,
        budget,
      }),
    ),
  }
}

function toCatalogCredential(
  credential: Credential,
  { status, nowMs, budget }: { status: CredentialStatus; nowMs: number; budget: RestrictionBudget },
): CatalogCredential {
  const { id, state, stateReason, concurrencyMax, coolingUntil, secret } = credential
  const health = healthAtEpoch(credential, status)
  const { disabled, notBeforeMs } = gateOf(health)
  const restrictions = listRestrictions(health, { nowMs, budget })
  const untilMs = Math.max(notBeforeMs, coolingUntil?.getTime() ?? 0)
  return {
    id,
    // The pool may have an attention that is not in the row yet.
    state: state === 'active' && disabled ? 'attention' : state,
    concurrencyMax,
    coolingUntil: untilMs > nowMs ? new Date(untilMs) : null,
    reason: stateReason ?? (state === 'active' ? health.attention : null),
    ...(restrictions.length > 0 && { restrictions }),
    secret,
  }
}

/** The catalog is one message, so the size of the listed restrictions is limited. */
const RESTRICTIONS_BYTES_MAX = 60_000
const RESTRICTION_CHARS = 100

interface RestrictionBudget {
  left: number
}

function listRestrictions(
  health: Health,
  { nowMs, budget }: { nowMs: number; budget: RestrictionBudget },
): CredentialRestriction[] {
  const listed: CredentialRestriction[] = []
  for (const { kind, operation, model, untilMs } of activeRestrictions(health.restrictions, {
    nowMs,
  })) {
    budget.left -= RESTRICTION_CHARS + (model?.length ?? 0)
    if (budget.left < 0) return listed
    const use = { ...(operation && { operation }), ...(model !== undefined && { model }) }
    listed.push({ kind, ...use, until: new Date(untilMs) })
  }
  return listed
}
