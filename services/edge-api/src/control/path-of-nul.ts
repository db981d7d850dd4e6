/** No schema of this API is as deep; what is deeper is refused by its schema. */
const DEPTH_MAX = 20

/**
 * Where in an input there is text with the character U+0000, or with half of a surrogate pair: PostgreSQL cannot
 * keep the one, and keeps something else for the other, or refuses it as JSON. Undefined when there is none.
 * Names of members are not looked at: those that are unknown are refused.
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
