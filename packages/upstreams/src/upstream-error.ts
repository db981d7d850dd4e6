import type { UpstreamFailure } from './upstream.ts'

const marker = Symbol.for('sluice.UpstreamError')

/** A classified failure of an upstream call. Use `isUpstreamError` to check for it. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError'
  readonly failure: UpstreamFailure
  // A registered symbol, so that two copies of this package recognise each other's errors.
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
