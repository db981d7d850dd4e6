import type { RunnerContext } from '../deps.ts'
import { acquireSlot } from '../slots/acquire-slot.ts'
import type { Slot } from '../slots/slot.ts'
import type { WakeUp } from '../wake-ups.ts'

export type Taken =
  | { outcome: 'taken'; slots: Slot[] }
  /** Nothing serves the model, and did not for a while. */
  | { outcome: 'hopeless'; reason: string }
  /** The job stays in its row: too many wait here, or it was called off. */
  | { outcome: 'left' }

/** Waits for a place for one picture of the job, and takes more for the others if they are free. */
export async function takeSlots(
  { slotQueue, clock }: Pick<RunnerContext, 'slotQueue' | 'clock'>,
  { model, wallet, waiting, signal }: WakeUp,
): Promise<Taken> {
  try {
    const answer = await acquireSlot({ slotQueue, clock }, { model, wallet, signal })
    if (answer.outcome === 'crowded') return { outcome: 'left' }
    if (answer.outcome === 'none') return { outcome: 'hopeless', reason: answer.reason }
    const more = await slotQueue.obtainMore({ model, count: waiting - 1, signal })
    return { outcome: 'taken', slots: [answer.slot, ...more] }
  } catch (error) {
    if (signal.aborted) return { outcome: 'left' }
    throw error
  }
}
