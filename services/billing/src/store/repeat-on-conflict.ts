import { isSqlState } from '@sluice/db/sql-state'
import type { Clock } from '@sluice/kernel/clock'
import type { Random } from '@sluice/kernel/random'

const REPEATS_MAX = 5
const REPEAT_BASE_MS = 5

// serialization_failure and deadlock_detected lost a race for rows; unique_violation lost one for an
// idempotency key, and finds the winner's row when it looks again.
const lostRaces = ['40001', '40P01', '23505'] as const

/** Repeats a transaction, which the database undid because somebody else was faster. */
export async function repeatOnConflict<Result>(
  { clock, random }: { clock: Clock; random: Random },
  work: () => Promise<Result>,
): Promise<Result> {
  for (let repeat = 0; ; repeat += 1) {
    try {
      return await work()
    } catch (error) {
      if (repeat === REPEATS_MAX || !isSqlState(error, ...lostRaces)) throw error
      await clock.sleep(REPEAT_BASE_MS * 2 ** repeat * (0.5 + random.next()))
    }
  }
}
