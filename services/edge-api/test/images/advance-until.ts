import type { FakeClock } from '@sluice/kernel/testing/fake-clock'

/** Advances the fake clock until the condition holds, with real turns of the event loop in between. */
export async function advanceUntil(
  clock: FakeClock,
  isMet: () => Promise<boolean>,
  stepMs = 1_000,
) {
  for (let step = 0; step < 2_000; step += 1) {
    if (await isMet()) return
    await clock.advance(stepMs)
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error('the condition was not met')
}
