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

import type { BadAnswerReason, RelayEnd } from '../relay-end.ts'

/** An attempt that failed. */
export interface Judged {
  failure: UpstreamFailure
  /** A part of an answer was passed on. */
  answerBegan: boolean
  /** The upstream's own words about a caller's mistake, fit to be passed on as they came. */
  verbatim: { status: number; body: Buffer } | undefined
}

type Failure = Exclude<RelayEnd, { kind: 'delivered' } | { kind: 'stopped' }>

export interface JudgeSpec {
  nowMs: number
  /** What we entered with: the key, the operator's organisation and project. */
  secret: string | readonly string[]
  /** The upstream's name of the model. */
  model?: string
}

/** Why an attempt failed, and what that means for the next. Pure. */
export function judgeEnd(end: Failure, spec: JudgeSpec): Judged {
  switch (end.kind) {
    case 'answered':
      return judgeAnswer(end, spec)
    case 'lost': {
      const { error, headersSeen } = end
      const failure = classifySocketError(error, { headersSeen })
      return { failure, answerBegan: end.meter !== undefined, verbatim: undefined }
    }
    case 'failed':
      return { failure: end.failure, answerBegan: end.meter !== undefined, verbatim: undefined }
    case 'bad-answer': {
      const failure = judgeBadAnswer(end, spec)
      return { failure, answerBegan: end.meter !== undefined, verbatim: undefined }
    }
  }
}

function judgeAnswer(
  { status, headers, body }: Extract<RelayEnd, { kind: 'answered' }>,
  { nowMs, secret, model }: JudgeSpec,
): Judged {
  const told = withoutEscapes(body.toString())
  const text = hideSecret(told, secret)
  const read = readErrorBody(text)
  const failure = classifyAnswer({ status, headers, body: read, nowMs, model })
  // A 401 or 407 of the upstream would tell the caller's client that its own key is wrong.
  const isCallers =
    failure.failureClass === 'caller-bad' &&
    status >= 400 &&
    status < 500 &&
    status !== 401 &&
    status !== 407
  const verbatim =
    isCallers && isShowable(read, text)
      ? { status, body: text === told ? body : Buffer.from(text) }
      : undefined
  return { failure, answerBegan: false, verbatim }
}

// In JSON a secret may be written with escapes, which would hide it from whoever looks for it.
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
  cut: 'answer-cut',
  'too-large': 'answer-too-large',
} as const satisfies Record<Exclude<BadAnswerReason, 'says-error'>, FailureReason>

/** A status of success, but no answer. An error that it says is judged as one with its own status is. */
function judgeBadAnswer(
  { reason, headers, text, meter }: Extract<RelayEnd, { kind: 'bad-answer' }>,
  { nowMs, secret, model }: JudgeSpec,
): UpstreamFailure {
  if (reason !== 'says-error') return failureOf(reasons[reason])
  const body = readErrorBody(hideSecret(text, secret))
  // Aggregators put the status of who failed into the code.
  const status = Number(body.code)
  if (Number.isInteger(status) && status >= 400 && status < 600) {
    return classifyAnswer({ status, headers, body, nowMs, model })
  }
  return classifyStreamError({ body, mayHaveProduced: meter !== undefined })
}

// Upstreams like to repeat keys and names of organisations; such words are not passed on.
function isShowable({ recognised, message }: ErrorBody, text: string): boolean {
  if (!recognised || withoutSecrets(text) !== text) return false
  return message === undefined || shownMessage(message) === message
}
