import { AppError } from '@sluice/kernel/app-error'
import type { AppErrorOptions } from '@sluice/kernel/app-error'
import type { ErrorCode } from '@sluice/kernel/error-codes'

const sentences = {
  unavailable: 'A required service is unavailable.',
  late: 'A required service did not answer in time.',
  busy: 'A required service is at its concurrency limit.',
  bus: 'The connection between the services is down.',
  unstored: 'The queue between the services does not accept messages now.',
  unreadable: 'A service returned an invalid response.',
  failed: 'A service failed; the cause is in its log.',
} as const

/**
 * The error of a failed call or message between services. Its message may reach callers of the API, so it
 * names no subject, service or server; `detail` does, and becomes the error's cause for the log.
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
