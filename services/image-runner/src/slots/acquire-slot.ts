import type { Clock } from '@sluice/kernel/clock'

import type { SlotQueue } from './slot-queue.ts'
import type { SlotAnswer, SlotRequest } from './model-queue.ts'

/** A pool may be empty for a moment, while it is being edited or re-read. */
const NONE_TRIES_MAX = 5
const NONE_RETRY_MS = 1_000

/** Waits for a place; believes only after a while that nothing serves the model. */
export async function acquireSlot(
  { slotQueue, clock }: { slotQueue: SlotQueue; clock: Clock },
  request: SlotRequest,
): Promise<SlotAnswer> {
  for (let tries = 1; ; tries += 1) {
    const answer = await slotQueue.obtain(request)
    if (answer.outcome !== 'none' || tries >= NONE_TRIES_MAX) return answer
    await clock.sleep(NONE_RETRY_MS, request.signal)
  }
}
