import type { Contract } from '@sluice/contracts/define-contract'
import { AppError } from '@sluice/kernel/app-error'
import type { AppErrorOptions } from '@sluice/kernel/app-error'
import { asErrorCode } from '@sluice/kernel/error-codes'
import { z } from 'zod'

import { callFailed } from './call-failed.ts'
import type { SentCall } from './late-calls.ts'

/** The subject of a method. Names come from contracts, a closed set in the code. */
export function subjectOf(contract: Contract, method: string): string {
  return `rpc.${contract.name}.v${contract.version}.${method}`
}

/** A call: the caller's id and monotonic send time, its wait limit, and the input in wire form. */
export const rpcCall = z.object({
  from: z.string().max(64),
  sentMs: z.number(),
  withinMs: z.int().positive(),
  input: z.unknown(),
})

/** The JSON of a call. `from` is hexadecimal and needs no escaping. */
export const writeCall = ({ from, sentMs, withinMs }: SentCall, wireInput: unknown): string =>
  `{"from":"${from}","sentMs":${sentMs},"withinMs":${Math.max(1, Math.ceil(withinMs))},"input":${JSON.stringify(wireInput)}}`

const wireError = z.object({
  /** A string, not the closed set: the peer may run a later release. */
  code: z.string(),
  message: z.string(),
  cause: z.string().optional(),
  param: z.string().optional(),
  retryAfterMs: z.number().optional(),
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
})

const failedReply = z.object({ error: wireError })

/** The JSON of a successful reply. */
export const writeOk = (wireOutput: unknown): string =>
  `{"ok":${wireOutput === undefined ? 'null' : JSON.stringify(wireOutput)}}`

/** The JSON of an error reply. Only the message of its cause is sent, for the caller's log. */
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

/** The output in wire form; throws the AppError of an error reply. */
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
