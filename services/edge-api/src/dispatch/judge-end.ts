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
import type { UpstreamFailure } from '@sluice/upstreams/upstream'

import type { RelayEnd } from '../relay-end.ts'

/** An attempt that failed. */
export interface Judged {
  failure: UpstreamFailure
  /** The upstream had begun a successful answer. */
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
      return { failure, answerBegan: headersSeen, verbatim: undefined }
    }
    case 'failed':
      return { failure: end.failure, answerBegan: end.meter !== undefined, verbatim: undefined }
    case 'unfinished':
      return { failure: failureOf('answer-cut'), answerBegan: true, verbatim: undefined }
  }
}

function judgeAnswer(
  { status, headers, body }: Extract<RelayEnd, { kind: 'answered' }>,
  { nowMs, secret, model }: JudgeSpec,
): Judged {
  const told = body.toString()
  const text = hideSecret(told, secret)
  if (status >= 200 && status < 300) return judgeFalseSuccess(text)
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

/** Status 200, but no answer: an error in the clothes of a success, or something unreadable. */
function judgeFalseSuccess(text: string): Judged {
  const error = readErrorBody(firstData(text) ?? text)
  if (error.recognised) {
    const failure = classifyStreamError({ body: error, mayHaveProduced: false })
    return { failure, answerBegan: false, verbatim: undefined }
  }
  const reason = text.trim() === '' ? 'answer-empty' : 'answer-broken'
  return { failure: failureOf(reason), answerBegan: true, verbatim: undefined }
}

function firstData(text: string): string | undefined {
  return /^data: ?(.*)$/m.exec(text)?.[1]
}

// Upstreams like to repeat keys and names of organisations; such words are not passed on.
function isShowable({ recognised, message }: ErrorBody, text: string): boolean {
  if (!recognised || withoutSecrets(text) !== text) return false
  return message === undefined || shownMessage(message) === message
}
