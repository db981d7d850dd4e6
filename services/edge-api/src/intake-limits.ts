import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Billing } from '@sluice/contracts/billing.contract'
import type { Clock } from '@sluice/kernel/clock'

import { createAnswerWaits } from './admit/claim-answer.ts'
import type { FundsCheck } from './admit/check-funds.ts'
import { createFundsCheck } from './admit/check-funds.ts'
import type { ByteBudget, ByteHold } from './byte-budget.ts'
import { createByteBudget } from './byte-budget.ts'
import type { EdgeConfig } from './config.ts'
import type { StreamLimit } from './stream-limit.ts'
import { createStreamLimit } from './stream-limit.ts'

/** A body above this size is worth a look at the caller's balance before it is read. */
const SMALL_BODY_BYTES = 64 * 1024
const TASK_STREAMS_MAX = 2_000
const KIB = 1024
const MIB = 1024 * KIB

/** What callers may make this process hold before it is known what they ask for. */
export interface IntakeLimits {
  /** Request bodies in memory. */
  bodies: ByteBudget
  /** Forms on their way to the panel, by user; and those of who is not signed in, by address. */
  forms: ByteBudget
  openForms: ByteBudget
  /** Pictures of requests that are not jobs yet, on disk. */
  uploads: ByteBudget
  /** Followers of image tasks at `/v1`, by API key. */
  taskStreams: StreamLimit
  /** Image requests that run, by API key. */
  imageRequests: StreamLimit
  /** Chat requests that wait for the first one of their Idempotency-Key, by API key. */
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

/** True for a body that is large, or does not say how large it is. */
export function isLargeBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const length = headers['content-length']
  if (length !== undefined) return Number(length) > SMALL_BODY_BYTES
  return headers['transfer-encoding'] !== undefined
}

/** A hold that ends with the answer at the latest. */
export function holdUntilAnswered(
  budget: ByteBudget,
  { caller, outgoing }: { caller: string; outgoing: ServerResponse },
): ByteHold {
  const hold = budget.hold(caller)
  if (outgoing.closed) hold.release()
  else outgoing.once('close', () => hold.release())
  return hold
}
