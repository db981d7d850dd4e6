import type { Scheduler } from '@sluice/contracts/scheduler.contract'

import { sandboxModels } from './known-models.ts'

/**
 * Once a real channel exists, the sandbox answers to its own names only: a picture that a real channel
 * failed to draw must never come back, and be paid for, as a drawing of the sandbox.
 */
export async function confineSandbox(
  scheduler: Pick<Scheduler, 'readCatalog' | 'editChannel'>,
): Promise<void> {
  const { channels } = await scheduler.readCatalog({})
  const hasReal = channels.some(({ dialect, enabled }) => dialect !== 'sandbox' && enabled)
  if (!hasReal) return
  const own = new Set(sandboxModels.map(({ model }) => model))
  for (const channel of channels) {
    if (channel.dialect !== 'sandbox') continue
    const kept = channel.models.filter(({ model }) => own.has(model))
    if (kept.length === channel.models.length) continue
    const { name, dialect, baseUrl, priority, weight, enabled, settings } = channel
    const models = kept.length > 0 ? kept : sandboxModels
    await scheduler.editChannel({
      name,
      dialect,
      baseUrl,
      priority,
      weight,
      enabled,
      settings,
      models,
    })
  }
}
