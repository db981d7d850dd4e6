import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { newId } from '@sluice/kernel/ids'

import { checkBaseUrl } from '../catalog/base-url.ts'
import { checkModels } from '../catalog/check-models.ts'
import { checkSettings } from '../catalog/check-settings.ts'
import type { SchedulerContext } from '../deps.ts'
import { checkCatalogSize } from './check-catalog-size.ts'
import { sealCredentials } from './seal-credentials.ts'
import { toCatalogChannel } from './to-catalog-channel.ts'
import { publishChange } from './publish-change.ts'

type Spec = (typeof schedulerContract)['methods']['createChannel']

/**
 * Adds a channel with its credentials in one transaction; an existing name changes nothing. Throws
 * `invalid_value` as editChannel and importCredentials do.
 */
export async function createChannel(
  context: SchedulerContext,
  { credentials, ...draft }: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const { catalog, catalogStore, clock, random } = context
  checkModels({ models: draft.models, others: catalog.current().channels })
  checkBaseUrl(draft)
  checkSettings(draft)
  const newChannelId = newId('chan', { clock, random })
  const sealed = sealCredentials(context, { channelId: newChannelId, credentials })
  checkCatalogSize(context, { channel: { ...draft, id: newChannelId }, added: sealed })
  const channel = await catalogStore.insertChannel({
    channel: { ...draft, newChannelId },
    credentials: sealed,
    at: clock.now(),
  })
  if (channel === undefined) return { outcome: 'name-taken' }
  await publishChange(context, { freed: channel.enabled ? [channel.id] : [] })
  return { outcome: 'created', channel: toCatalogChannel(context, channel) }
}
