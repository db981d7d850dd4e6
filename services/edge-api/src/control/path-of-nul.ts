/** Deeper than any schema of this API; deeper input is rejected by its schema. */
const DEPTH_MAX = 20

/**
 * The path to text with U+0000 or a lone surrogate: PostgreSQL cannot store the former, and alters or rejects
 * the latter. Undefined if there is none. Member names are not checked, because unknown ones are rejected.
 */
export function pathOfNul(input: unknown, depth = 0): string | undefined {
  if (typeof input === 'string')
    return input.includes('\0') || !input.isWellFormed() ? '' : undefined
  if (typeof input !== 'object' || input === null || depth > DEPTH_MAX) return undefined
  for (const [name, value] of Object.entries(input)) {
    const path = pathOfNul(value, depth + 1)
    if (path !== undefined) return path === '' ? name : `${name}.${path}`
  }
  return undefined
}
