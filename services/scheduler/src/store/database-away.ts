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
const AWAY = /^(08|53|57)[0-9A-Z]{3}$/

function isAway(error: unknown): boolean {
  if (!(error instanceof Error) || isAppError(error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  // The driver's own words for a lost or refused connection are bare Errors without any code.
  if (code === undefined) return Object.getPrototypeOf(error) === Error.prototype
  return AWAY.test(code) || /^E[A-Z]{4,}$/.test(code)
}
