import type { RunnerContext } from '../deps.ts'
import { acquireSlot } from '../slots/acquire-slot.ts'
import type { Slot } from '../slots/slot.ts'
import type { JobHint } from '../job-intake.ts'

export type TakenSlots =
  | { outcome: 'taken'; slots: Slot[] }
  /** No upstream has served the model for a while. */
  | { outcome: 'unservable'; reason: string }
  /** The job stays queued: too many jobs are waiting here, or it was dropped. */
  | { outcome: 'not-claimed' }

/** Waits for a slot for one picture of the job, and takes free slots for the others. */
export async function takeSlots(
  { slotQueue, clock }: Pick<RunnerContext, 'slotQueue' | 'clock'>,
  { model, wallet, waiting, signal }: JobHint,
): Promise<TakenSlots> {
  try {
    const result = await acquireSlot({ slotQueue, clock }, { model, wallet, signal })
    if (result.outcome === 'queue-full') return { outcome: 'not-claimed' }
    if (result.outcome === 'none') return { outcome: 'unservable', reason: result.reason }
    const more = await slotQueue.acquireMore({ model, count: waiting - 1, signal })
    return { outcome: 'taken', slots: [result.slot, ...more] }
  } catch (error) {
    if (signal.aborted) return { outcome: 'not-claimed' }
    throw error
  }
}
