/** True when PostgreSQL refused with one of these five-letter codes (its manual, appendix A). */
export function isSqlState(error: unknown, ...states: string[]): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return typeof error.code === 'string' && states.includes(error.code)
}
