import { isAppError } from '@sluice/kernel/app-error'
import type { ErrorCode } from '@sluice/kernel/error-codes'
import { errorCodes } from '@sluice/kernel/error-codes'
import { chargeUsage } from '@sluice/pricing/charge-usage'
import { imageUsageOf } from '@sluice/protocol/images/image-answer'

import type { GatewayContext } from '../gateway-context.ts'
import type { Admitted, RequestRecord } from '../http/request.ts'
import type { JobEnd } from './job-end.ts'
import type { RunningImage } from './run-image.ts'

export interface ImageOutcome {
  admitted: Admitted
  route: string
  running: RunningImage | undefined
  end: JobEnd | undefined
  error: unknown
}

/** Writes the request-log entry. The cost of an async job is known when it ends; here it is 0. */
export function recordImage(gateway: GatewayContext, outcome: ImageOutcome): void {
  gateway.record(imageRecord(outcome, gateway.deps.clock.nowMs()))
}

function imageRecord(
  { admitted, route, running, end, error }: ImageOutcome,
  nowMs: number,
): RequestRecord {
  const { requestId, principal, receivedAtMs } = admitted
  const { apiKeyId, wallet } = principal
  const tokens = end && imageUsageOf(end.parts)
  const errorCode = codeOf(error) ?? failureOf(end)
  return {
    requestId,
    apiKeyId,
    wallet,
    route,
    model: running?.call.request.model ?? null,
    channelId: null,
    credentialId: null,
    status: statusOf({ running, errorCode }),
    errorCode,
    streamed: running?.call.responseMode === 'stream',
    attempts: running?.job.attempts ?? 0,
    inputTokens: tokens?.input_tokens ?? null,
    outputTokens: tokens?.output_tokens ?? null,
    amountMicro: amountOf(running, end),
    firstByteMs: null,
    durationMs: Math.max(0, Math.round(nowMs - receivedAtMs)),
    receivedAtMs,
    taskId: running?.job.id ?? null,
  }
}

/** The amount that billing will capture, by the same rule, so that the log agrees with the ledger. */
function amountOf(running: RunningImage | undefined, end: JobEnd | undefined): bigint {
  // A request that joins a job does not pay for it again.
  if (!running?.created || !running.hold || end?.state !== 'done') return 0n
  const { price, amountMicro } = running.hold
  const pictures = end.parts.map(({ facts: { width, height, quality } }) => ({
    width,
    height,
    quality,
  }))
  const usage = { kind: 'images' as const, pictures }
  const endState = 'finished' as const
  return chargeUsage({ usage, price: price.price, reservedMicro: amountMicro, endState })
    .amountMicro
}

function statusOf({
  running,
  errorCode,
}: {
  running: RunningImage | undefined
  errorCode: ErrorCode | null
}): number {
  if (running?.call.responseMode === 'async') return 202
  return errorCode === null ? 200 : errorCodes[errorCode].status
}

function codeOf(error: unknown): ErrorCode | undefined {
  if (error === undefined) return undefined
  return isAppError(error) ? error.code : 'internal_error'
}

const failureOf = (end: JobEnd | undefined): ErrorCode | null =>
  end && end.state !== 'done' ? 'upstream_failed' : null
