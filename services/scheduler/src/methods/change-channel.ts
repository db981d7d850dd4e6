import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'

import { checkModels } from '../catalog/check-models.ts'
import { flagUnopenableSecrets } from '../catalog/flag-unopenable-secrets.ts'
import type { SchedulerContext } from '../deps.ts'
import { checkCatalogSize } from './check-catalog-size.ts'
import { sealCredentials } from './seal-credentials.ts'
import { toCatalogChannel } from './to-catalog-channel.ts'
import { publishChange } from './publish-change.ts'

type Spec = (typeof schedulerContract)['methods']['changeChannel']

/**
 * Changes the given fields. A change to another origin retires the secrets that it does not contain, or is
 * refused when it contains none. Throws `not_found`, and `invalid_value` as editChannel and importCredentials do.
 */
export async function changeChannel(
  context: SchedulerContext,
  { channelId, change, credentials = [] }: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const { catalog, catalogStore, clock } = context
  const others = catalog.current().channels.filter((channel) => channel.id !== channelId)
  if (change.models) checkModels({ models: change.models, others })
  const sealed = sealCredentials(context, { channelId, credentials })
  if (change.models || sealed.length > 0)
    checkCatalogSize(context, { models: change.models, sealed })
  const at = clock.now()
  const result = await catalogStore.changeChannel({ channelId, change, credentials: sealed, at })
  if (result.outcome === 'secrets-needed') return result
  const { channel, retired } = result
  await publishChange(context, { freed: channel.enabled ? [channelId] : [] })
  const checked = flagUnopenableSecrets(channel, context.sealer)
  return { outcome: 'changed', channel: toCatalogChannel(context, checked), retired }
}
