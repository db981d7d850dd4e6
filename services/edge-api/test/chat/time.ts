import type { Clock } from '@sluice/kernel/clock'
import type { FakeClock } from '@sluice/kernel/testing/fake-clock'

/** A clock that only tests move must be moved for what waits on it. */
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

/** Lets the event loop turn, so that sockets and promises get on. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** Lets what is under way end: until the condition holds, turn by turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 3_000_000; turn += 1) {
    if (condition()) return
    await turns(1)
  }
  throw new Error('what was waited for did not happen')
}
