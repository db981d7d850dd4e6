import { AppError, isAppError } from '@sluice/kernel/app-error'

import { withinTime } from './time-limit.ts'

/** A caller who waits is answered within this time, and a second later at most. */
export const OPERATION_MS = 4_000

/**
 * Runs an operation of a store; a database that is away, or that does not answer in time, becomes
 * `unavailable`, everything else stays what it is. What nobody waits for names a longer time.
 */
export async function mapDatabaseUnavailable<Result>(
  query: () => Promise<Result>,
  { withinMs = OPERATION_MS, signal }: { withinMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<Result> {
  try {
    return await withinTime({ withinMs, signal }, query)
  } catch (error) {
    if (!isAway(error)) throw error
    throw new AppError('unavailable', 'the database is away', { cause: error })
  }
}

// SQLSTATE classes: connection exception, insufficient resources, operator intervention; and
// lock_not_available, idle_in_transaction_session_timeout, transaction_timeout.
const awayCodes = /^(08|53|57)[0-9A-Z]{3}$|^(55P03|25P03|25P04)$|^E[A-Z]{4,}$/

// The driver's words for a lost connection are bare Errors without a code (pg 8, pg-pool 3, Kysely).
const awayMessages = new RegExp(
  [
    '^Connection terminated',
    '^timeout e',
    '^Client (has encountered|was closed)',
    '^Query read timeout',
    '^Cannot use a pool after calling end',
    '^driver has already been destroyed',
  ].join('|'),
)

function isAway(error: unknown): boolean {
  if (!(error instanceof Error) || isAppError(error)) return false
  if ('code' in error && typeof error.code === 'string') return awayCodes.test(error.code)
  return Object.getPrototypeOf(error) === Error.prototype && awayMessages.test(error.message)
}
