import type { UpstreamFailure } from './upstream.ts'

const marker = Symbol.for('sluice.UpstreamError')

/** A classified failure of an upstream call. Check it by `isUpstreamError`. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly failure: UpstreamFailure
  // A symbol, because two copies of this package must recognise each other's errors.
  readonly [marker] = true

  constructor(failure: UpstreamFailure, cause?: unknown) {
    super(failure.message, cause === undefined ? undefined : { cause })
    this.failure = failure
  }
}

/** True for an UpstreamError of any copy of this package. */
export function isUpstreamError(error: unknown): error is UpstreamError {
  return typeof error === 'object' && error !== null && marker in error
}
