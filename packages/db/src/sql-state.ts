/** True for a PostgreSQL error with one of these SQLSTATE codes (PostgreSQL manual, appendix A). */
export function isSqlState(error: unknown, ...states: string[]): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return typeof error.code === 'string' && states.includes(error.code)
}
