import type { CatalogChannel, Scheduler } from '@sluice/contracts/scheduler.contract'

/** Changes the named fields of a channel and retains the others. Throws when no channel has this name. */
export async function editNamedChannel(
  scheduler: Pick<Scheduler, 'readCatalog' | 'editChannel'>,
  change: { name: string } & Partial<Pick<CatalogChannel, 'models' | 'enabled'>>,
): Promise<void> {
  const { channels } = await scheduler.readCatalog({})
  const channel = channels.find(({ name }) => name === change.name)
  if (!channel) throw new Error(`there is no channel ${change.name}`)
  const { name, dialect, baseUrl, priority, weight, enabled, models, settings } = channel
  const current = { name, dialect, baseUrl, priority, weight, enabled, models, settings }
  await scheduler.editChannel({ ...current, ...change })
}
