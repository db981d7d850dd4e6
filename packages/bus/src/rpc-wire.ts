import type { Contract } from '@sluice/contracts/define-contract'
import { AppError } from '@sluice/kernel/app-error'
import type { AppErrorOptions } from '@sluice/kernel/app-error'
import { asErrorCode } from '@sluice/kernel/error-codes'
import { z } from 'zod'

import { callFailed } from './call-failed.ts'
import type { SentCall } from './late-calls.ts'

/** Where a method is served. Names come from contracts, which are a closed set in our own code. */
export function subjectOf(contract: Contract, method: string): string {
  return `rpc.${contract.name}.v${contract.version}.${method}`
}

/** A call: who sent it when, by its own monotonic clock; how long it waits; and the input in wire form. */
export const rpcCall = z.object({
  from: z.string().max(64),
  sentMs: z.number(),
  withinMs: z.int().positive(),
  input: z.unknown(),
})

/** The JSON of a call, without a walk over the input. `from` is of letters and digits. */
export const writeCall = ({ from, sentMs, withinMs }: SentCall, wireInput: unknown): string =>
  `{"from":"${from}","sentMs":${sentMs},"withinMs":${Math.max(1, Math.ceil(withinMs))},"input":${JSON.stringify(wireInput)}}`

const wireError = z.object({
  /** Text, not the closed set: the other side may be of a later release. */
  code: z.string(),
  message: z.string(),
  cause: z.string().optional(),
  param: z.string().optional(),
  retryAfterMs: z.number().optional(),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
})

const failedReply = z.object({ error: wireError })

/** The JSON of a good answer, without a walk over the output. */
export const writeOk = (wireOutput: unknown): string =>
  `{"ok":${wireOutput === undefined ? 'null' : JSON.stringify(wireOutput)}}`

/** The JSON of a refusal or failure. Of its cause only the message travels, for the caller's log. */
export function writeError({
  code,
  message,
  cause,
  param,
  retryAfterMs,
  details,
}: AppError): string {
  const why = cause instanceof Error ? cause.message : undefined
  const some = Object.keys(details).length > 0 ? details : undefined
  return JSON.stringify({
    error: { code, message, cause: why, param, retryAfterMs, details: some },
  })
}

/** The output in wire form; throws the AppError that came instead. */
export function readReply(reply: unknown, subject: string): unknown {
  if (typeof reply === 'object' && reply !== null && 'ok' in reply) return reply.ok
  const failed = failedReply.safeParse(reply)
  if (!failed.success)
    throw callFailed('internal_error', { what: 'unreadable', detail: `from ${subject}` })
  throw toAppError(failed.data.error)
}

function toAppError(error: z.output<typeof wireError>): AppError {
  const { code, message, cause, param, retryAfterMs, details } = error
  const options: AppErrorOptions = {
    ...(cause !== undefined && { cause: new Error(cause) }),
    ...(param !== undefined && { param }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(details !== undefined && { details }),
  }
  return new AppError(asErrorCode(code) ?? 'internal_error', message, options)
}
