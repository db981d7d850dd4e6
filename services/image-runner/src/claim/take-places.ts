import type { RunnerParts } from '../deps.ts'
import { obtainPatiently } from '../places/obtain-patiently.ts'
import type { Place } from '../places/place.ts'
import type { WakeUp } from '../wake-ups.ts'

export type Taken =
  | { outcome: 'taken'; places: Place[] }
  /** Nothing serves the model, and did not for a while. */
  | { outcome: 'hopeless'; reason: string }
  /** The job stays in its row: too many wait here, or it was called off. */
  | { outcome: 'left' }

/** Waits for a place for one picture of the job, and takes more for the others if they are free. */
export async function takePlaces(
  { desk, clock }: Pick<RunnerParts, 'desk' | 'clock'>,
  { model, wallet, waiting, signal }: WakeUp,
): Promise<Taken> {
  try {
    const answer = await obtainPatiently({ desk, clock }, { model, wallet, signal })
    if (answer.outcome === 'crowded') return { outcome: 'left' }
    if (answer.outcome === 'none') return { outcome: 'hopeless', reason: answer.reason }
    const more = await desk.obtainMore({ model, count: waiting - 1, signal })
    return { outcome: 'taken', places: [answer.place, ...more] }
  } catch (error) {
    if (signal.aborted) return { outcome: 'left' }
    throw error
  }
}
