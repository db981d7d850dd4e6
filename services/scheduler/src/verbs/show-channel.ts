import type { CatalogChannel, CatalogCredential } from '@sluice/contracts/scheduler.contract'

import type { Channel } from '../catalog/channel.ts'
import type { Credential } from '../catalog/credential.ts'
import type { SchedulerParts } from '../deps.ts'
import type { Standing } from '../eligibility/eligible.ts'
import { healthUnder, idleStanding } from '../eligibility/eligible.ts'
import { gateOf } from '../eligibility/health.ts'

/** A channel as the contract has it: its rows, and what was learned of its credentials until now. */
export function showChannel(
  { pool, clock }: Pick<SchedulerParts, 'pool' | 'clock'>,
  channel: Channel,
): CatalogChannel {
  const standings = pool.standings()
  const nowMs = clock.nowMs()
  return {
    ...channel,
    credentials: channel.credentials.map((credential) =>
      show(credential, { standing: standings.get(credential.id) ?? idleStanding, nowMs }),
    ),
  }
}

function show(
  credential: Credential,
  { standing, nowMs }: { standing: Standing; nowMs: number },
): CatalogCredential {
  const { id, state, stateReason, concurrencyMax, coolingUntil, secret } = credential
  const health = healthUnder(credential, standing)
  const { shut, restUntilMs } = gateOf(health)
  const untilMs = Math.max(restUntilMs, coolingUntil?.getTime() ?? 0)
  return {
    id,
    // Learned a moment ago, and not yet in the row.
    state: state === 'active' && shut ? 'attention' : state,
    concurrencyMax,
    coolingUntil: untilMs > nowMs ? new Date(untilMs) : null,
    reason: stateReason ?? (state === 'active' ? health.attention : null),
    secret,
  }
}
