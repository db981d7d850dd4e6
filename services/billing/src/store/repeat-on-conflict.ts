import { isSqlState } from '@sluice/db/sql-state'
import type { Clock } from '@sluice/kernel/clock'
import type { Random } from '@sluice/kernel/random'

const REPEATS_MAX = 5
const REPEAT_BASE_MS = 5

// serialization_failure and deadlock_detected: conflicts over rows. unique_violation: a conflict over an
// idempotency key; the retry finds the row of the other transaction.
const conflictCodes = ['40001', '40P01', '23505'] as const

/** Retries a transaction that the database rolled back because of a concurrent transaction. */
export async function repeatOnConflict<Result>(
  { clock, random }: { clock: Clock; random: Random },
  work: () => Promise<Result>,
): Promise<Result> {
  for (let repeat = 0; ; repeat += 1) {
    try {
      return await work()
    } catch (error) {
      if (repeat === REPEATS_MAX || !isSqlState(error, ...conflictCodes)) throw error
      await clock.sleep(REPEAT_BASE_MS * 2 ** repeat * (0.5 + random.next()))
    }
  }
}
