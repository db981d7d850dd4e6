import type {
  CatalogChannel,
  CatalogCredential,
  CredentialRestriction,
} from '@sluice/contracts/scheduler.contract'

import { DETAILS_BYTES_MAX, jsonBytes } from '../catalog/catalog-size.ts'
import type { Channel } from '../catalog/channel.ts'
import type { Credential } from '../catalog/credential.ts'
import type { SchedulerContext } from '../deps.ts'
import type { CredentialStatus } from '../eligibility/eligibility.ts'
import { healthAtEpoch, idleStatus } from '../eligibility/eligibility.ts'
import type { Health } from '../eligibility/health.ts'
import { gateOf } from '../eligibility/health.ts'
import { activeRestrictions } from '../eligibility/restrictions.ts'

/** The bytes that remain for details in one response, shared by its channels. */
interface DetailBudget {
  reasons: number
  restrictions: number
}

export const newDetailBudget = (): DetailBudget => ({
  reasons: DETAILS_BYTES_MAX,
  restrictions: DETAILS_BYTES_MAX,
})

/** A channel in the form of the contract: its rows and the current health of its credentials. */
export function toCatalogChannel(
  { pool, clock }: Pick<SchedulerContext, 'pool' | 'clock'>,
  channel: Channel,
  budget: DetailBudget = newDetailBudget(),
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
  { status, nowMs, budget }: { status: CredentialStatus; nowMs: number; budget: DetailBudget },
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
    reason: withinBudget(stateReason ?? (state === 'active' ? health.attention : null), budget),
    ...(restrictions.length > 0 && { restrictions }),
    secret,
  }
}

/** Null without a reason, and when the reasons of many other credentials have used up the budget. */
function withinBudget(reason: string | null, budget: DetailBudget): string | null {
  if (reason === null) return null
  budget.reasons -= jsonBytes(reason)
  return budget.reasons < 0 ? null : reason
}

function listRestrictions(
  health: Health,
  { nowMs, budget }: { nowMs: number; budget: DetailBudget },
): CredentialRestriction[] {
  const listed: CredentialRestriction[] = []
  for (const { kind, operation, model, untilMs } of activeRestrictions(health.restrictions, {
    nowMs,
  })) {
    const use = { ...(operation && { operation }), ...(model !== undefined && { model }) }
    const restriction = { kind, ...use, until: new Date(untilMs) }
    budget.restrictions -= jsonBytes(restriction)
    if (budget.restrictions < 0) return listed
    listed.push(restriction)
  }
  return listed
}
