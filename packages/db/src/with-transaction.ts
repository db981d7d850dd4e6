import type { Clock } from '@sluice/kernel/clock'
import { systemClock } from '@sluice/kernel/clock'
import type { Random } from '@sluice/kernel/random'
import { systemRandom } from '@sluice/kernel/random'
import type { Kysely, Transaction } from 'kysely'

import { isSqlState } from './sql-state.ts'

const RETRIES_MAX = 5
const RETRY_BASE_MS = 5

/** The server undid everything and says that the same work may succeed now. */
const repeatable = ['40001', '40P01'] as const // serialization_failure, deadlock_detected

/**
 * Runs `work` in the transaction that `db` already is, or in one of its own. A serialisation
 * failure or deadlock of its own transaction is repeated at most five times, so `work` must touch
 * nothing but `trx`. Inside a joined transaction nothing is repeated: that is its opener's business.
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
      if (retry === RETRIES_MAX || !isSqlState(error, ...repeatable)) throw error
      // Two losers that wait equally long would meet again.
      await clock.sleep(RETRY_BASE_MS * 2 ** retry * (0.5 + random.next()))
    }
  }
}

function isTransaction<Tables>(
  db: Kysely<Tables> | Transaction<Tables>,
): db is Transaction<Tables> {
  return db.isTransaction
}
