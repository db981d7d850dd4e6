import { classifyAnswer, classifyStreamError } from '@sluice/upstreams/classify-failure'
import { classifySocketError } from '@sluice/upstreams/classify-socket-error'
import type { ErrorBody } from '@sluice/upstreams/error-body'
import {
  hideSecret,
  readErrorBody,
  shownMessage,
  withoutSecrets,
} from '@sluice/upstreams/error-body'
import { failureOf } from '@sluice/upstreams/failure-treatments'
import type { FailureReason, UpstreamFailure } from '@sluice/upstreams/upstream'

import type { UnusableReason, RelayEnd } from './relay-end.ts'

/** A classified failed attempt. */
export interface AttemptFailure {
  failure: UpstreamFailure
  /** Part of a response was relayed. */
  answerBegan: boolean
  /** The upstream's own error response about a caller's mistake, safe to relay. */
  verbatim: { status: number; body: Buffer } | undefined
}

type Failure = Exclude<RelayEnd, { kind: 'delivered' } | { kind: 'stopped' }>

export interface ClassifySpec {
  nowMs: number
  /** Secrets used for the call: the key, the operator's organisation and project. */
  secret: string | readonly string[]
  /** The upstream's name of the model. */
  model?: string
}

/** Classifies why an attempt failed, and whether another one makes sense. Pure. */
export function classifyEnd(end: Failure, spec: ClassifySpec): AttemptFailure {
  switch (end.kind) {
    case 'error-status':
      return classifyEndAnswer(end, spec)
    case 'connection-error': {
      const { error, headersSeen } = end
      const failure = classifySocketError(error, { headersSeen })
      return { failure, answerBegan: end.meter !== undefined, verbatim: undefined }
    }
    case 'failed':
      return { failure: end.failure, answerBegan: end.meter !== undefined, verbatim: undefined }
    case 'unusable': {
      const failure = classifyBadAnswer(end, spec)
      return { failure, answerBegan: end.meter !== undefined, verbatim: undefined }
    }
  }
}

function classifyEndAnswer(
  { status, headers, body }: Extract<RelayEnd, { kind: 'error-status' }>,
  { nowMs, secret, model }: ClassifySpec,
): AttemptFailure {
  const original = withoutEscapes(body.toString())
  const text = hideSecret(original, secret)
  const read = readErrorBody(text)
  const failure = classifyAnswer({ status, headers, body: read, nowMs, model })
  // A relayed 401 or 407 would mean to the client that its own API key is wrong.
  const isCallerError =
    failure.failureClass === 'caller-bad' &&
    status >= 400 &&
    status < 500 &&
    status !== 401 &&
    status !== 407
  const verbatim =
    isCallerError && isShowable(read, text)
      ? { status, body: text === original ? body : Buffer.from(text) }
      : undefined
  return { failure, answerBegan: false, verbatim }
}

// JSON escapes could hide a secret from the search in `hideSecret`.
function withoutEscapes(text: string): string {
  if (!text.includes('\\')) return text
  try {
    return JSON.stringify(JSON.parse(text))
  } catch {
    return text
  }
}

const reasons = {
  empty: 'answer-empty',
  broken: 'answer-broken',
  truncated: 'answer-cut',
  'too-large': 'answer-too-large',
} as const satisfies Record<Exclude<UnusableReason, 'reports-error'>, FailureReason>

/** A success status with an unusable body. An error in it is classified like one with its own status. */
function classifyBadAnswer(
  { reason, headers, text, meter }: Extract<RelayEnd, { kind: 'unusable' }>,
  { nowMs, secret, model }: ClassifySpec,
): UpstreamFailure {
  if (reason !== 'reports-error') return failureOf(reasons[reason])
  const body = readErrorBody(hideSecret(text, secret))
  // Aggregators put the status of the failed provider into the code.
  const status = Number(body.code)
  if (Number.isInteger(status) && status >= 400 && status < 600) {
    return classifyAnswer({ status, headers, body, nowMs, model })
  }
  return classifyStreamError({ body, mayHaveProduced: meter !== undefined })
}

// Upstreams often repeat keys and names of organisations; such messages are not relayed.
function isShowable({ recognised, message }: ErrorBody, text: string): boolean {
  if (!recognised || withoutSecrets(text) !== text) return false
  return message === undefined || shownMessage(message) === message
}
