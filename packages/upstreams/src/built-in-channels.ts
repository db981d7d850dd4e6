import { isBuiltIn } from '@sluice/contracts/dialects'
import type { CatalogChannel, Scheduler } from '@sluice/contracts/scheduler.contract'

import { sandboxModels } from './sandbox/sandbox-models.ts'

/** The built-in channel that an installation has from its first start. */
export const builtInChannel = {
  name: 'sandbox',
  dialect: 'sandbox',
  baseUrl: '',
  secret: 'sandbox',
  models: sandboxModels,
} as const

/**
 * Once a real channel exists, restricts built-in channels to their own model names: a failed request to a
 * real channel must not be answered, and charged, with a generated picture. Returns the restricted channels.
 */
export async function confineBuiltInChannels(
  scheduler: Pick<Scheduler, 'readCatalog' | 'changeChannel'>,
): Promise<Pick<CatalogChannel, 'id' | 'dialect'>[]> {
  const { channels } = await scheduler.readCatalog({ fresh: true })
  const hasReal = channels.some(({ dialect, enabled }) => !isBuiltIn(dialect) && enabled)
  if (!hasReal) return []
  const own = new Set(builtInChannel.models.map(({ model }) => model))
  const confined: Pick<CatalogChannel, 'id' | 'dialect'>[] = []
  for (const { id, dialect, models } of channels) {
    if (!isBuiltIn(dialect)) continue
    const retained = models.filter(({ model }) => own.has(model))
    if (retained.length === models.length) continue
    const change = { models: retained.length > 0 ? retained : builtInChannel.models }
    await scheduler.changeChannel({ channelId: id, change })
    confined.push({ id, dialect })
  }
  return confined
}
