import type { Bus } from '@sluice/bus/bus'
import { repeat } from '@sluice/service-kit/repeat'

import type { SchedulerConfig } from '../config.ts'
import type { SchedulerContext } from '../deps.ts'
import { reapLeases } from './reap-leases.ts'
import { writeBack } from './write-back.ts'

/** Starts the periodic tasks. Resolves after the first read of the pool with a function that stops them. */
export async function startBackgroundTasks(
  context: SchedulerContext,
  { bus, config }: { bus: Pick<Bus, 'subscribe'>; config: SchedulerConfig },
): Promise<() => Promise<void>> {
  const { catalog, hints, clock, log } = context
  const every = (name: string, everyMs: number, run: () => Promise<void>) =>
    repeat({ name, everyMs, run, clock, log })
  const reaper = every('reap-leases', config.backgroundEveryMs, () => reapLeases(context))
  const writer = every('write-back', config.backgroundEveryMs, async () => {
    await hints.announcePending()
    await writeBack(context)
  })
  const refresher = every('refresh-catalog', config.catalogMaxAgeMs, () => catalog.refresh())
  const unsubscribe = await bus.subscribe('catalog-changed', () => refresher.now())
  await writer.now()
  return async () => {
    await unsubscribe()
    await refresher.stop()
    await reaper.stop()
    await writer.now()
    await writer.stop()
  }
}
