import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'

import { checkModels } from '../catalog/check-models.ts'
import { withOpenable } from '../catalog/openable.ts'
import type { SchedulerParts } from '../deps.ts'
import { checkRoom } from './check-room.ts'
import { sealCredentials } from './seal-credentials.ts'
import { showChannel } from './show-channel.ts'
import { tellChange } from './tell-change.ts'

type Spec = (typeof schedulerContract)['methods']['changeChannel']

/**
 * Changes what is named. A channel that moves to another origin leaves its secrets behind, or is refused.
 * Throws `not_found`, and `invalid_value` as editChannel and importCredentials do.
 */
export async function changeChannel(
  parts: SchedulerParts,
  { channelId, change, credentials = [] }: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const { catalog, catalogStore, clock } = parts
  const others = catalog.current().channels.filter((channel) => channel.id !== channelId)
  if (change.models) checkModels({ models: change.models, others })
  const sealed = sealCredentials(parts, { channelId, credentials })
  if (change.models || sealed.length > 0) checkRoom(parts, { models: change.models, sealed })
  const at = clock.now()
  const result = await catalogStore.changeChannel({ channelId, change, credentials: sealed, at })
  if (result.outcome === 'secrets-needed') return result
  const { channel, retired } = result
  await tellChange(parts, { freed: channel.enabled ? [channelId] : [] })
  const judged = withOpenable(channel, parts.sealer)
  return { outcome: 'changed', channel: showChannel(parts, judged), retired }
}
