import type { InputOf, OutputOf } from '@sluice/contracts/define-contract'
import type { schedulerContract } from '@sluice/contracts/scheduler.contract'

import type { SchedulerContext } from '../deps.ts'
import { newRestrictionBudget, showChannel } from './show-channel.ts'

type Spec = (typeof schedulerContract)['methods']['readCatalog']

/**
 * The catalog with what was learned of its credentials until now; secrets sealed, retired ones left out.
 * `fresh` looks for newer rows first, `atLeastVersion` where this replica knows only older ones; while the database is away, the last catalog is as fresh as it gets.
 */
export async function readCatalog(
  context: Pick<SchedulerContext, 'catalog' | 'pool' | 'clock' | 'log'>,
  { fresh, atLeastVersion }: InputOf<Spec>,
): Promise<OutputOf<Spec>> {
  const { catalog, log } = context
  if (fresh || atLeastVersion !== undefined) {
    const newer = fresh ? catalog.refresh() : catalog.reach(atLeastVersion ?? 0)
    await newer.catch((err: unknown) => log.warn({ err }, 'the catalog could not be read anew'))
  }
  const { version, channels } = catalog.current()
  const budget = newRestrictionBudget()
  return { version, channels: channels.map((channel) => showChannel(context, channel, budget)) }
}
