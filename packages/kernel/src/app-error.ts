import type { ErrorCode } from './error-codes.ts'
import { errorCodes } from './error-codes.ts'

export interface AppErrorOptions {
  cause?: unknown
  /** The request's parameter that is wrong, as the caller spelled it. */
  param?: string
  /** The upstream's error code for an invalid request; returned to the caller instead of our code. */
  upstreamCode?: string
  /** How long the caller should wait before it retries. */
  retryAfterMs?: number
  /** Overrides the code's default: false where the upstream may already have charged for the request. */
  retryable?: boolean
  /** Additional fields for the caller, such as a task id. No secrets. */
  details?: Record<string, string | number | boolean>
}

const marker = Symbol.for('sluice.AppError')

/** The one error class. Check it by `isAppError` and its code, never by message. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly param: string | undefined
  readonly upstreamCode: string | undefined
  readonly retryAfterMs: number | undefined
  readonly details: Readonly<Record<string, string | number | boolean>>
  // A symbol, because two copies of this package must recognise each other's errors.
  readonly [marker] = true

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? errorCodes[code].retryable
    this.param = options.param
    this.upstreamCode = options.upstreamCode
    this.retryAfterMs = options.retryAfterMs
    this.details = options.details ?? {}
  }
}

/** True for an AppError of any copy of this package; with `code`, only for that code. */
export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  if (typeof error !== 'object' || error === null || !(marker in error)) return false
  return code === undefined || ('code' in error && error.code === code)
}
