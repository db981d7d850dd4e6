import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import type { Random } from '@sluice/kernel/random'
import { systemRandom } from '@sluice/kernel/random'
import type { Kysely, Transaction } from 'kysely'

import { isSqlState } from './sql-state.ts'

const RETRIES_MAX = 5
const RETRY_BASE_MS = 5

/** Errors after which the server has rolled back and the same work may succeed. */
const retryable = ['40001', '40P01'] as const // serialization_failure, deadlock_detected

/**
 * Runs `work` in the transaction `db`, or in a new one if `db` is none. In a new transaction, a serialisation
 * failure or deadlock is retried at most five times, so `work` must have no effects outside `trx`. In a
 * joined transaction nothing is retried; the outer one has to.
 */
export async function withTransaction<Tables, Result>(
  db: Kysely<Tables> | Transaction<Tables>,
  work: (trx: Transaction<Tables>) => Promise<Result>,
  { clock = systemClock, random = systemRandom }: { clock?: Clock; random?: Random } = {},
): Promise<Result> {
  if (isTransaction(db)) return work(db)
  for (let retry = 0; ; retry += 1) {
    try {
      return await db.transaction().execute(work)
    } catch (error) {
      if (retry === RETRIES_MAX || !isSqlState(error, ...retryable)) throw error
      // Jitter, so that two conflicting transactions do not conflict again.
      await clock.sleep(RETRY_BASE_MS * 2 ** retry * (0.5 + random.next()))
    }
  }
}

function isTransaction<Tables>(
  db: Kysely<Tables> | Transaction<Tables>,
): db is Transaction<Tables> {
  return db.isTransaction
}
