import { AppError, isAppError } from '@sluice/kernel/app-error'

import { withinTime } from './time-limit.ts'

/** The time limit of an operation for which a caller waits. */
export const OPERATION_MS = 4_000

/**
 * Runs an operation of a store. An unreachable database, or one that does not answer in time, rejects with
 * `unavailable`; other errors pass unchanged. Background work passes a longer limit.
 */
export async function mapDatabaseUnavailable<Result>(
  query: () => Promise<Result>,
  { withinMs = OPERATION_MS, signal }: { withinMs?: number; signal?: AbortSignal | undefined } = {},
): Promise<Result> {
  try {
    return await withinTime({ withinMs, signal }, query)
  } catch (error) {
    if (!isUnavailable(error)) throw error
    throw new AppError('unavailable', 'the database is unavailable', { cause: error })
  }
}

// SQLSTATE classes: connection exception, insufficient resources, operator intervention; and
// lock_not_available, idle_in_transaction_session_timeout, transaction_timeout.
const unavailableCodes = /^(08|53|57)[0-9A-Z]{3}$|^(55P03|25P03|25P04)$|^E[A-Z]{4,}$/

// The drivers report a lost connection as a plain Error without a code (pg 8, pg-pool 3, Kysely).
const unavailableMessages = new RegExp(
  [
    '^Connection terminated',
    '^timeout e',
    '^Client (has encountered|was closed)',
    '^Query read timeout',
    '^Cannot use a pool after calling end',
    '^driver has already been destroyed',
  ].join('|'),
)

function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error) || isAppError(error)) return false
  if ('code' in error && typeof error.code === 'string') return unavailableCodes.test(error.code)
  return Object.getPrototypeOf(error) === Error.prototype && unavailableMessages.test(error.message)
}
