import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'
import { newId } from '@sluice/kernel/ids'

import { checkBaseUrl } from '../catalog/base-url.ts'
import { checkModels } from '../catalog/check-models.ts'
import { checkSettings } from '../catalog/check-settings.ts'
import type { SchedulerContext } from '../deps.ts'
import { checkCatalogSize } from './check-catalog-size.ts'
import { publishChange } from './publish-change.ts'

type Spec = (typeof schedulerContract)['methods']['editChannel']

/**
 * Adds the channel, or replaces the one of that name and keeps its credentials. Throws `invalid_value` for a
 * model that is listed twice or differs from another only by case, for an invalid base URL, and when the catalog
 * would become too large.
 */
export async function editChannel(
  context: SchedulerContext,
  input: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const { catalog, catalogStore, clock, random } = context
  const others = catalog.current().channels.filter(({ name }) => name !== input.name)
  checkModels({ models: input.models, others })
  checkBaseUrl(input)
  checkSettings(input)
  const newChannelId = newId('chan', { clock, random })
  const id = catalog.current().channels.find(({ name }) => name === input.name)?.id ?? newChannelId
  checkCatalogSize(context, { channel: { ...input, id } })
  const channel = { ...input, newChannelId }
  const { channelId } = await catalogStore.saveChannel({ channel, at: clock.now() })
  await publishChange(context, { freed: input.enabled ? [channelId] : [] })
  return { channelId }
}
