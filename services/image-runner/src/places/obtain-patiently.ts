import type { Clock } from '@sluice/kernel/clock'

import type { PlaceDesk } from './place-desk.ts'
import type { PlaceAnswer, PlaceWish } from './place-line.ts'

/** A pool may be empty for a moment, while it is being edited or re-read. */
const NONE_TRIES_MAX = 5
const NONE_RETRY_MS = 1_000

/** Waits for a place; believes only after a while that nothing serves the model. */
export async function obtainPatiently(
  { desk, clock }: { desk: PlaceDesk; clock: Clock },
  wish: PlaceWish,
): Promise<PlaceAnswer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await desk.obtain(wish)
    if (answer.outcome !== 'none' || tries >= NONE_TRIES_MAX) return answer
    await clock.sleep(NONE_RETRY_MS, wish.signal)
  }
}
