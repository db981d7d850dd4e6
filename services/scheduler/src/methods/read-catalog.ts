import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'

import type { SchedulerContext } from '../deps.ts'
import { newDetailBudget, toCatalogChannel } from './to-catalog-channel.ts'

type Spec = (typeof schedulerContract)['methods']['readCatalog']

/**
 * The catalog with the current health of its credentials; secrets are sealed, retired credentials are left out.
 * `fresh` first checks for newer rows, `atLeastVersion` only when the cached version is older. While the database
 * is unavailable, the cached catalog is returned.
 */
export async function readCatalog(
  context: Pick<SchedulerContext, 'catalog' | 'pool' | 'clock' | 'log'>,
  { fresh, atLeastVersion }: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const { catalog, log } = context
  if (fresh || atLeastVersion !== undefined) {
    const newer = fresh ? catalog.refresh() : catalog.ensureVersion(atLeastVersion ?? 0)
    await newer.catch((err: unknown) => log.warn({ err }, 'the catalog could not be reloaded'))
  }
  const { version, channels } = catalog.current()
  const budget = newDetailBudget()
  return {
    version,
    channels: channels.map((channel) => toCatalogChannel(context, channel, budget)),
  }
}
