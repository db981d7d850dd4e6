/** Throws an AssertionError (a bug) when the condition is false: the request fails with 500 and is logged. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** The end of an exhaustive `switch`: compiles only while every member of the union was handled. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`)
}

/** A violated invariant in our own code; never the caller's fault, always rendered as 500. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}
