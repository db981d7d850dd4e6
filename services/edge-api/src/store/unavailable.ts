import { isSqlState } from '@sluice/db/sql-state'
import { AppError, isAppError } from '@sluice/kernel/app-error'

// Classes of the PostgreSQL manual, appendix A: connection exceptions, operator intervention,
// insufficient resources.
const away = /^(08|53|57)/

/** The error of a database call for whoever asked: `unavailable` when the database is away. */
export function storeError(cause: unknown): unknown {
  if (isAppError(cause) || !isAway(cause)) return cause
  return new AppError('unavailable', 'The database is away.', { cause })
}

function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (away.test(code) || isSqlState(error, '25006')) return true
  if (/^(ECONN|ETIMEDOUT|ENOTFOUND|EPIPE|EAI_AGAIN|EHOSTUNREACH)/.test(code)) return true
  // What pg says without a code when a connection ended or could not be had in time.
  return /connection terminated|timeout exceeded when trying to connect|connection error/i.test(
    error.message,
  )
}

/** Runs a database call with its errors made ours. */
export async function orUnavailable<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    throw storeError(error)
  }
}
