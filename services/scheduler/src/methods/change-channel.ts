import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import { mergeSettings } from '@sluice/contracts/channel-settings'
import type { ChannelChange, schedulerContract } from '@sluice/contracts/scheduler.contract'
import { mapPatch } from '@sluice/kernel/map-patch'

import type { SizedChannel } from '../catalog/catalog-size.ts'
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
  const { channels } = catalog.current()
  const others = channels.filter(({ id }) => id !== channelId)
  if (change.models) checkModels({ models: change.models, others })
  const sealed = sealCredentials(context, { channelId, credentials })
  const settings = channels.find(({ id }) => id === channelId)?.settings ?? {}
  const changed = { ...sizeChange(change, settings), id: channelId }
  checkCatalogSize(context, { channel: changed, added: sealed })
  const at = clock.now()
  const result = await catalogStore.changeChannel({ channelId, change, credentials: sealed, at })
  if (result.outcome === 'secrets-needed') return result
  const { channel, retired } = result
  await publishChange(context, { freed: channel.enabled ? [channelId] : [] })
  const checked = flagUnopenableSecrets(channel, context.sealer)
  return { outcome: 'changed', channel: toCatalogChannel(context, checked), retired }
}

const sizeChange = (change: ChannelChange, before: SizedChannel['settings']) =>
  mapPatch<ChannelChange, Partial<SizedChannel>>(change, {
    baseUrl: (baseUrl) => ({ baseUrl }),
    priority: (priority) => ({ priority }),
    weight: (weight) => ({ weight }),
    enabled: (enabled) => ({ enabled }),
    models: (models) => ({ models }),
    settings: (settings) => ({ settings: mergeSettings(before, settings) }),
  })
