import type { Bus } from '@sluice/bus/bus'
import { repeat } from '@sluice/service-kit/repeat'

import type { SchedulerConfig } from '../config.ts'
import type { SchedulerContext } from '../deps.ts'
import { reapLeases } from './reap-leases.ts'
import { writeBack } from './write-back.ts'

/** Begins what happens by time. Resolves after the first look at the pool; answers how to end it all. */
export async function startBackgroundTasks(
  context: SchedulerContext,
  { bus, config }: { bus: Pick<Bus, 'subscribe'>; config: SchedulerConfig },
): Promise<() => Promise<void>> {
  const { catalog, hints, clock, log } = context
  const every = (name: string, everyMs: number, run: () => Promise<void>) =>
    repeat({ name, everyMs, run, clock, log })
  const reaping = every('reap-leases', config.backgroundEveryMs, () => reapLeases(context))
  const writing = every('write-back', config.backgroundEveryMs, async () => {
    await hints.tellSoon()
    await writeBack(context)
  })
  const reading = every('refresh-catalog', config.catalogMaxAgeMs, () => catalog.refresh())
  const unsubscribe = await bus.subscribe('catalog-changed', () => reading.now())
  await writing.now()
  return async () => {
    await unsubscribe()
    await reading.stop()
    await reaping.stop()
    await writing.now()
    await writing.stop()
  }
}
