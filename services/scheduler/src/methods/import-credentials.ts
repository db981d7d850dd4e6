import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'

import type { SchedulerContext } from '../deps.ts'
import { checkCatalogSize } from './check-catalog-size.ts'
import { sealCredentials } from './seal-credentials.ts'
import { publishChange } from './publish-change.ts'

type Spec = (typeof schedulerContract)['methods']['importCredentials']

/**
 * Seals and adds the secrets that the channel does not have yet. Throws `not_found` for an unknown channel, and
 * `invalid_value` when the catalog would become too large.
 */
export async function importCredentials(
  context: SchedulerContext,
  { channelId, credentials }: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const { catalogStore, clock } = context
  const sealed = sealCredentials(context, { channelId, credentials })
  checkCatalogSize(context, { channel: { id: channelId }, added: sealed })
  const at = clock.now()
  const result = await catalogStore.addCredentials({ channelId, credentials: sealed, at })
  if (result.added > 0) await publishChange(context, { freed: [channelId] })
  return result
}
