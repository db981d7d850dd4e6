import type { Unsubscribe } from '@sluice/bus/bus'

import type { RunnerContext } from '../deps.ts'
import type { BackgroundTasks } from '../background/start-background-tasks.ts'
import type { JobIntake } from '../job-intake.ts'

// A hint is acknowledged on receipt: if this runner dies, the sweep finds the job in its row.
const QUEUE = { group: 'image-runner', inFlightMax: 256, ackWithinMs: 30_000, deliveriesMax: 3 }

/** Subscribes to the bus; returns the function that unsubscribes. */
export async function listen(
  { bus, slotQueue, channels }: Pick<RunnerContext, 'bus' | 'slotQueue' | 'channels'>,
  { jobIntake, backgroundTasks }: { jobIntake: JobIntake; backgroundTasks: BackgroundTasks },
): Promise<Unsubscribe> {
  const subscriptions: Unsubscribe[] = [
    await bus.subscribe('lease-freed', () => slotQueue.onLeaseFreed()),
    await bus.subscribe('catalog-changed', (change) => {
      channels.invalidate(change)
      slotQueue.onLeaseFreed()
    }),
    await bus.subscribe('image-job-cancelled', ({ jobId }) => {
      jobIntake.drop(jobId)
      backgroundTasks.sendHeartbeatsNow()
    }),
    await bus.consume('image-job-queued', QUEUE, async (hint) => void jobIntake.take(hint)),
  ]
  return async () => void (await Promise.all(subscriptions.map((unsubscribe) => unsubscribe())))
}
