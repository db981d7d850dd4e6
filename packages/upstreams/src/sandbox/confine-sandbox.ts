import type { Scheduler } from '@sluice/contracts/scheduler.contract'

import { sandboxModels } from './sandbox-models.ts'

/**
 * Once a real channel exists, the sandbox answers to its own names only: a picture that a real channel
 * failed to draw must never come back, and be paid for, as a drawing of the sandbox. Answers the ids of
 * the channels that it confined.
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
    const kept = models.filter(({ model }) => own.has(model))
    if (kept.length === models.length) continue
    const change = { models: kept.length > 0 ? kept : sandboxModels }
    await scheduler.changeChannel({ channelId, change })
    confined.push(channelId)
  }
  return confined
}
