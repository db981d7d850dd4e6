import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Billing } from '@sluice/contracts/billing.contract'
import type { Clock } from '@sluice/kernel/clock'

import { createAnswerWaits } from './limits/claim-answer.ts'
import type { FundsCheck } from './credit/check-funds.ts'
import { createFundsCheck } from './credit/check-funds.ts'
import type { ByteBudget, ByteHold } from './http/byte-budget.ts'
import { createByteBudget } from './http/byte-budget.ts'
import type { EdgeConfig } from './config.ts'
import type { StreamLimit } from './http/stream-limit.ts'
import { createStreamLimit } from './http/stream-limit.ts'

/** The caller's balance is checked before a body above this size is read. */
const SMALL_BODY_BYTES = 64 * 1024
const TASK_STREAMS_MAX = 2_000
const KIB = 1024
const MIB = 1024 * KIB

/** Limits on what this process holds for callers before their requests are parsed. */
export interface IntakeLimits {
  /** Request bodies in memory. */
  bodies: ByteBudget
  /** Forms forwarded to the panel, by user; those of callers without a session, by address. */
  forms: ByteBudget
  openForms: ByteBudget
  /** Staged uploads on disk. */
  uploads: ByteBudget
  /** Event streams of image tasks at `/v1`, by API key. */
  taskStreams: StreamLimit
  /** Running image requests, by API key. */
  imageRequests: StreamLimit
  /** Chat requests that wait for the first request with their Idempotency-Key, by API key. */
  answerWaits: StreamLimit
  checkFunds: FundsCheck
}

export function createIntakeLimits({
  config,
  billing,
  clock,
}: {
  config: EdgeConfig
  billing: Pick<Billing, 'readBalance'>
  clock: Clock
}): IntakeLimits {
  return {
    bodies: createByteBudget({
      bytesMax: config.bodyMemoryBytesMax,
      callerBytesMax: config.bodyMemoryPerCallerBytesMax,
      what: 'request bodies',
    }),
    forms: createByteBudget({ bytesMax: 64 * MIB, callerBytesMax: 4 * MIB, what: 'forms' }),
    openForms: createByteBudget({ bytesMax: 8 * MIB, callerBytesMax: 512 * KIB, what: 'forms' }),
    uploads: createByteBudget({
      bytesMax: config.uploadBytesMax,
      callerBytesMax: config.uploadPerCallerBytesMax,
      what: 'uploads under way',
    }),
    taskStreams: createStreamLimit({
      eachMax: config.taskStreamsPerKeyMax,
      allMax: TASK_STREAMS_MAX,
    }),
    imageRequests: createStreamLimit({
      eachMax: config.imageRequestsPerKeyMax,
      allMax: config.requestsInFlightMax,
      what: 'image requests',
    }),
    answerWaits: createAnswerWaits(),
    checkFunds: createFundsCheck({ billing, clock }),
  }
}

/** True for a large body, or one without a Content-Length. */
export function isLargeBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const length = headers['content-length']
  if (length !== undefined) return Number(length) > SMALL_BODY_BYTES
  return headers['transfer-encoding'] !== undefined
}

/** A hold that is released when the response closes at the latest. */
export function holdUntilAnswered(
  budget: ByteBudget,
  { caller, outgoing }: { caller: string; outgoing: ServerResponse },
): ByteHold {
  const hold = budget.hold(caller)
  if (outgoing.closed) hold.release()
  else outgoing.once('close', () => hold.release())
  return hold
}
