import type { Unsubscribe } from '@sluice/bus/bus'

import type { RunnerContext } from '../deps.ts'
import type { BackgroundTasks } from '../background/start-background-tasks.ts'
import type { WakeUps } from '../wake-ups.ts'

// A hint is taken when it was heard: the row remains, and whoever dies with it is found by the sweep.
const QUEUE = { group: 'image-runner', inFlightMax: 256, ackWithinMs: 30_000, deliveriesMax: 3 }

/** Hears what the bus says to a runner. Answers how to hear nothing more. */
export async function listen(
  { bus, slotQueue, channels }: Pick<RunnerContext, 'bus' | 'slotQueue' | 'channels'>,
  { wakeUps, backgroundTasks }: { wakeUps: WakeUps; backgroundTasks: BackgroundTasks },
): Promise<Unsubscribe> {
  const ends: Unsubscribe[] = [
    await bus.subscribe('lease-freed', () => slotQueue.onLeaseFreed()),
    await bus.subscribe('catalog-changed', (change) => {
      channels.forget(change)
      slotQueue.onLeaseFreed()
    }),
    await bus.subscribe('image-job-cancelled', ({ jobId }) => {
      wakeUps.drop(jobId)
      backgroundTasks.beatNow()
    }),
    await bus.consume('image-job-queued', QUEUE, async (hint) => void wakeUps.take(hint)),
  ]
  return async () => void (await Promise.all(ends.map((end) => end())))
}
