import type { Clock } from '@sluice/kernel/clock'

import type { SlotQueue } from './slot-queue.ts'
import type { SlotResult, SlotRequest } from './model-queue.ts'

/** A pool may be empty for a short time while it is edited or reloaded: `none` is retried. */
const NONE_ATTEMPTS_MAX = 5
const NONE_RETRY_MS = 1_000

/** Waits for a slot; returns `none` only after repeated attempts. */
export async function acquireSlot(
  { slotQueue, clock }: { slotQueue: SlotQueue; clock: Clock },
  request: SlotRequest,
): Promise<SlotResult> {
  for (let attempt = 1; ; attempt += 1) {
    const result = await slotQueue.acquire(request)
    if (result.outcome !== 'none' || attempt >= NONE_ATTEMPTS_MAX) return result
    await clock.sleep(NONE_RETRY_MS, request.signal)
  }
}
