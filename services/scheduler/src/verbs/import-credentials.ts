import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'

import type { SchedulerParts } from '../deps.ts'
import { checkRoom } from './check-room.ts'
import { sealCredentials } from './seal-credentials.ts'
import { tellChange } from './tell-change.ts'

type Spec = (typeof schedulerContract)['methods']['importCredentials']

/**
 * Seals and adds the secrets that the channel does not have yet. Throws `not_found` for the channel, and
 * `invalid_value` when the catalog has no room for them.
 */
export async function importCredentials(
  parts: SchedulerParts,
  { channelId, credentials }: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const { catalogStore, clock } = parts
  const sealed = sealCredentials(parts, { channelId, credentials })
  checkRoom(parts, sealed)
  const at = clock.now()
  const result = await catalogStore.addCredentials({ channelId, credentials: sealed, at })
  if (result.added > 0) await tellChange(parts, { freed: [channelId] })
  return result
}
