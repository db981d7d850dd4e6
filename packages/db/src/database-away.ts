import { AppError, isAppError } from '@sluice/kernel/app-error'

/** Runs a query; a database that is away becomes `unavailable`, everything else stays what it is. */
export async function whileDatabaseIsThere<Result>(query: () => Promise<Result>): Promise<Result> {
  try {
    return await query()
  } catch (error) {
    if (!isAway(error)) throw error
    throw new AppError('unavailable', 'the database is away', { cause: error })
  }
}

// SQLSTATE classes: connection exception, insufficient resources, operator intervention.
const awayCodes = /^(08|53|57)[0-9A-Z]{3}$|^E[A-Z]{4,}$/

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
