import type { Clock } from '@sluice/kernel/clock'
import type { FakeClock } from '@sluice/kernel/testing/fake-clock'

/** Advances a fake clock until `work` has settled, since its timers would otherwise never fire. */
export async function letTimePass(clock: Clock, work: Promise<void>): Promise<void> {
  const state = { over: false }
  const end = () => (state.over = true)
  void work.then(end, end)
  if (!isFake(clock)) return work
  while (!state.over) {
    await clock.advance(50)
    await turns(1)
  }
  return work
}

const isFake = (clock: Clock): clock is FakeClock => 'advance' in clock

/** Runs `count` turns of the event loop so that sockets and promises progress. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Runs turns of the event loop until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 3_000_000; turn += 1) {
    if (condition()) return
    await turns(1)
  }
  throw new Error('the condition was not met')
}
