import type { UsageRecord } from '@sluice/contracts/billing.contract'
import { AppError } from '@sluice/kernel/app-error'
import { renderError } from '@sluice/protocol/error-envelope'
import { encodeSse } from '@sluice/protocol/sse'
import type { UpstreamFailure } from '@sluice/upstreams/upstream'

import type { ChatRequest } from './chat-context.ts'
import type { AttemptFailure } from './classify-end.ts'
import type { AnswerMeter, RelayEnd } from './relay-end.ts'
import type { AnswerSink } from './relay/answer-sink.ts'

/** Input of the settlement: the metered response, and how it ended. */
export interface AttemptsEnd {
  meter: AnswerMeter | undefined
  endState: UsageRecord['endState']
}

/** The caller closed the connection, or the deadline passed. */
export function endStopped(
  request: ChatRequest,
  sink: AnswerSink,
  { by, meter }: Extract<RelayEnd, { kind: 'stopped' }>,
): AttemptsEnd {
  const isGone = by === 'caller-gone'
  const error = isGone
    ? new AppError('caller_gone', 'The caller closed the connection.')
    : new AppError('upstream_timeout', 'The upstream did not answer in time.', { retryable: false })
  if (sink.begun && !isGone) endWithFailure(sink, error)
  if (!meter) throw error
  request.trace.errorCode = error.code
  return { meter, endState: isGone ? 'cut-by-caller' : 'cut-by-upstream' }
}

/** The upstream failed after part of its response was relayed; the error is made visible to the caller. */
export function endCut(
  request: ChatRequest,
  sink: AnswerSink,
  { classified, meter }: { classified: AttemptFailure; meter: AnswerMeter },
): AttemptsEnd {
  const error = errorOf(classified.failure, { retryable: false })
  request.trace.errorCode = error.code
  endWithFailure(sink, error)
  return { meter, endState: 'cut-by-upstream' }
}

/**
 * Ends the request without another attempt: throws the error for the caller, or relays the upstream's own
 * error response. `waitMs` is the time until a credential is free, used when the upstream sent no
 * Retry-After.
 */
export function giveUp(
  request: ChatRequest,
  sink: AnswerSink,
  { classified, waitMs }: { classified: AttemptFailure; waitMs: number | undefined },
): AttemptsEnd {
  const { verbatim, answerBegan } = classified
  const failure =
    classified.failure.code === 'overloaded'
      ? { ...classified.failure, retryAfterMs: classified.failure.retryAfterMs ?? waitMs }
      : classified.failure
  if (verbatim && !sink.begun) {
    request.trace.status = verbatim.status
    request.trace.errorCode = failure.code
    sink.begin(verbatim.status, 'application/json', ['content-length', `${verbatim.body.length}`])
    sink.end(verbatim.body)
    return { meter: undefined, endState: 'failed' }
  }
  // The upstream may charge for what it already sent, so clients must not retry automatically.
  const error = errorOf(failure, answerBegan ? { retryable: false } : {})
  if (sink.begun) endWithFailure(sink, error)
  throw error
}

/** The status was already sent: a stream ends with an error event, any other response is aborted. */
function endWithFailure(sink: AnswerSink, error: AppError): void {
  if (!sink.stream) return sink.abortResponse()
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
