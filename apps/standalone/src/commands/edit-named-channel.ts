import type { CatalogChannel, Scheduler } from '@sluice/contracts/scheduler.contract'

/** Changes some settings of the channel of this name and keeps the others. Throws a sentence when there is none. */
export async function editNamedChannel(
  scheduler: Pick<Scheduler, 'readCatalog' | 'editChannel'>,
  change: { name: string } & Partial<Pick<CatalogChannel, 'models' | 'enabled'>>,
): Promise<void> {
  const { channels } = await scheduler.readCatalog({})
  const channel = channels.find(({ name }) => name === change.name)
  if (!channel) throw new Error(`there is no channel ${change.name}`)
  const { name, dialect, baseUrl, priority, weight, enabled, models, settings } = channel
  const kept = { name, dialect, baseUrl, priority, weight, enabled, models, settings }
  await scheduler.editChannel({ ...kept, ...change })
}
