/** Ends the request with a programmer's error. The process lives; an alarm rings in the log. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** The end of an exhaustive `switch`: compiles only while every member of the union was handled. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`)
}

/** A broken promise inside our own code; never the caller's fault, always rendered as 500. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}
