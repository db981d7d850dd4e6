import type { UsageRecord } from '@sluice/contracts/billing.contract'
import { AppError } from '@sluice/kernel/app-error'
import { renderError } from '@sluice/protocol/error-envelope'
import { encodeSse } from '@sluice/protocol/sse'
import type { UpstreamFailure } from '@sluice/upstreams/upstream'

import type { ChatRequest } from './chat-context.ts'
import type { Judged } from './dispatch/judge-end.ts'
import type { AnswerMeter, RelayEnd } from './relay-end.ts'
import type { AnswerSink } from './relay/answer-sink.ts'

/** What is to be settled: what passed, and how it ended. */
export interface AttemptsEnd {
  meter: AnswerMeter | undefined
  endState: UsageRecord['endState']
}

/** The caller hung up, or time is over. */
export function endStopped(
  turn: ChatRequest,
  sink: AnswerSink,
  { by, meter }: Extract<RelayEnd, { kind: 'stopped' }>,
): AttemptsEnd {
  const isGone = by === 'caller-gone'
  const error = isGone
    ? new AppError('caller_gone', 'The caller hung up.')
    : new AppError('upstream_timeout', 'The upstream did not answer in time.', { retryable: false })
  if (sink.begun && !isGone) endBroken(sink, error)
  if (!meter) throw error
  turn.trace.errorCode = error.code
  return { meter, endState: isGone ? 'cut-by-caller' : 'cut-by-upstream' }
}

/** The upstream failed after a part of its answer was passed on: the caller must see that. */
export function endCut(
  turn: ChatRequest,
  sink: AnswerSink,
  { judged, meter }: { judged: Judged; meter: AnswerMeter },
): AttemptsEnd {
  const error = errorOf(judged.failure, { retryable: false })
  turn.trace.errorCode = error.code
  endBroken(sink, error)
  return { meter, endState: 'cut-by-upstream' }
}

/**
 * Nobody else is asked: throws what the caller is told, or passes on what the upstream said of it. `waitMs` is
 * how long it takes until a credential is free, where the upstream itself did not say.
 */
export function giveUp(
  turn: ChatRequest,
  sink: AnswerSink,
  { judged, waitMs }: { judged: Judged; waitMs: number | undefined },
): AttemptsEnd {
  const { verbatim, answerBegan } = judged
  const failure =
    judged.failure.code === 'overloaded'
      ? { ...judged.failure, retryAfterMs: judged.failure.retryAfterMs ?? waitMs }
      : judged.failure
  if (verbatim && !sink.begun) {
    turn.trace.status = verbatim.status
    turn.trace.errorCode = failure.code
    sink.begin(verbatim.status, 'application/json', ['content-length', `${verbatim.body.length}`])
    sink.end(verbatim.body)
    return { meter: undefined, endState: 'failed' }
  }
  // After a byte of an answer that we may have to pay for, no client should ask again by itself.
  const error = errorOf(failure, answerBegan ? { retryable: false } : {})
  if (sink.begun) endBroken(sink, error)
  throw error
}

/** After the head the status cannot be changed: a stream ends with an error event, anything else is cut. */
function endBroken(sink: AnswerSink, error: AppError): void {
  if (!sink.stream) return sink.breakOff()
  sink.endWithError(encodeSse({ data: JSON.stringify(renderError(error).envelope) }))
}

function errorOf(
  { code, message, param, upstreamCode, retryAfterMs }: UpstreamFailure,
  options: { retryable?: boolean },
): AppError {
  return new AppError(code, message, {
    ...options,
    ...(param !== undefined && { param }),
    ...(upstreamCode !== undefined && { upstreamCode }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  })
}
