import type { Scheduler } from '@sluice/contracts/scheduler.contract'

import { sandboxModels } from './sandbox-models.ts'

/**
 * Once a real channel exists, restricts the sandbox to its own model names: a failed request to a real
 * channel must not be answered, and charged, with a sandbox picture. Returns the ids of the restricted
 * channels.
 */
export async function confineSandbox(
  scheduler: Pick<Scheduler, 'readCatalog' | 'changeChannel'>,
): Promise<string[]> {
  const { channels } = await scheduler.readCatalog({ fresh: true })
  const hasReal = channels.some(({ dialect, enabled }) => dialect !== 'sandbox' && enabled)
  if (!hasReal) return []
  const own = new Set(sandboxModels.map(({ model }) => model))
  const confined: string[] = []
  for (const { id: channelId, dialect, models } of channels) {
    if (dialect !== 'sandbox') continue
    const retained = models.filter(({ model }) => own.has(model))
    if (retained.length === models.length) continue
    const change = { models: retained.length > 0 ? retained : sandboxModels }
    await scheduler.changeChannel({ channelId, change })
    confined.push(channelId)
  }
  return confined
}
