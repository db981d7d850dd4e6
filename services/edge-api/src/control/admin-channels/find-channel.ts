import type { CatalogChannel } from '@sluice/contracts/scheduler.contract'
import { AppError } from '@sluice/kernel/app-error'

import type { ChannelDeps } from './channel-deps.ts'

/** The channel from the scheduler's current catalog, not from this edge's snapshot. Throws `not_found`. */
export async function findChannel(
  { scheduler }: Pick<ChannelDeps, 'scheduler'>,
  channelId: string,
): Promise<CatalogChannel> {
  const { channels } = await scheduler.readCatalog({ fresh: true })
  const channel = channels.find(({ id }) => id === channelId)
  if (channel) return channel
  throw new AppError('not_found', 'There is no such channel.')
}
