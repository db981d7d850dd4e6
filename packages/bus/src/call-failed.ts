import { AppError } from '@sluice/kernel/app-error'
import type { AppErrorOptions } from '@sluice/kernel/app-error'
import type { ErrorCode } from '@sluice/kernel/error-codes'

const sentences = {
  away: 'A service that is needed for this is away.',
  late: 'A service that is needed for this did not answer in time.',
  busy: 'A service that is needed for this is at its limit.',
  bus: 'The connection between the services is away.',
  unstored: 'The queue between the services does not take messages now.',
  unreadable: 'A service gave an answer that cannot be read.',
  failed: 'A service failed; its log says why.',
} as const

/**
 * A call or message between services that failed. Its message may reach callers of the API, so it names no
 * subject, service or server; `detail` does, and is the cause, for the log.
 */
export function callFailed(
  code: ErrorCode,
  {
    what,
    detail,
    cause,
    ...options
  }: { what: keyof typeof sentences; detail: string } & AppErrorOptions,
): AppError {
  return new AppError(code, sentences[what], { ...options, cause: new Error(detail, { cause }) })
}
