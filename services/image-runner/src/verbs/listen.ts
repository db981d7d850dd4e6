import type { Unsubscribe } from '@sluice/bus/bus'

import type { RunnerParts } from '../deps.ts'
import type { Upkeep } from '../upkeep/start-upkeep.ts'
import type { WakeUps } from '../wake-ups.ts'

// A hint is taken when it was heard: the row remains, and whoever dies with it is found by the sweep.
const QUEUE = { group: 'image-runner', inFlightMax: 256, ackWithinMs: 30_000, deliveriesMax: 3 }

/** Hears what the bus says to a runner. Answers how to hear nothing more. */
export async function listen(
  { bus, desk, channels }: Pick<RunnerParts, 'bus' | 'desk' | 'channels'>,
  { wakeUps, upkeep }: { wakeUps: WakeUps; upkeep: Upkeep },
): Promise<Unsubscribe> {
  const ends: Unsubscribe[] = [
    await bus.subscribe('lease-freed', () => desk.hearFreed()),
    await bus.subscribe('catalog-changed', (change) => {
      channels.forget(change)
      desk.hearFreed()
    }),
    await bus.subscribe('image-job-cancelled', ({ jobId }) => {
      wakeUps.drop(jobId)
      upkeep.beatNow()
    }),
    await bus.consume('image-job-queued', QUEUE, async (hint) => void wakeUps.take(hint)),
  ]
  return async () => void (await Promise.all(ends.map((end) => end())))
}
