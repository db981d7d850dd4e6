import type { CatalogCredential } from '@sluice/contracts/scheduler.contract'
import type { OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'

import type { Credential } from '../catalog/credential.ts'
import type { SchedulerParts } from '../deps.ts'
import type { Standing } from '../eligibility/eligible.ts'
import { healthUnder, idleStanding } from '../eligibility/eligible.ts'
import { gateOf } from '../eligibility/health.ts'

type Spec = (typeof schedulerContract)['methods']['readCatalog']

/** The catalog with what was learned of its credentials until now; secrets sealed, retired ones left out. */
export async function readCatalog({
  catalog,
  pool,
  clock,
}: Pick<SchedulerParts, 'catalog' | 'pool' | 'clock'>): Promise<OutputOf<Spec>> {
  const { version, channels } = catalog.current()
  const standings = pool.standings()
  const nowMs = clock.nowMs()
  return {
    version,
    channels: channels.map((channel) => ({
      ...channel,
      credentials: channel.credentials.map((credential) =>
        show(credential, { standing: standings.get(credential.id) ?? idleStanding, nowMs }),
      ),
    })),
  }
}

function show(
  credential: Credential,
  { standing, nowMs }: { standing: Standing; nowMs: number },
): CatalogCredential {
  const { id, state, concurrencyMax, coolingUntil, secret } = credential
  const { shut, restUntilMs } = gateOf(healthUnder(credential, standing))
  const untilMs = Math.max(restUntilMs, coolingUntil?.getTime() ?? 0)
  return {
    id,
    // Learned a moment ago, and not yet in the row.
    state: state === 'active' && shut ? 'attention' : state,
    concurrencyMax,
    coolingUntil: untilMs > nowMs ? new Date(untilMs) : null,
    secret,
  }
}
