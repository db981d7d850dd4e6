import type { FakeClock } from '@sluice/kernel/testing/fake-clock'

/** Moves time on until something is seen, because what is awaited also needs real turns of the loop. */
export async function advanceUntil(clock: FakeClock, look: () => Promise<boolean>, stepMs = 1_000) {
  for (let step = 0; step < 2_000; step += 1) {
    if (await look()) return
    await clock.advance(stepMs)
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error('not seen')
}
