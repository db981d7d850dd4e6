import type { IncomingHttpHeaders } from 'node:http'

import type { TokenUsage } from '@sluice/contracts/usage'
import type { UpstreamFailure } from '@sluice/upstreams/upstream'

/** What was seen of an answer that passed, or of the part of it that did. */
export interface AnswerMeter {
  /** As the upstream reported it; undefined when it did not. */
  readonly usage: TokenUsage | undefined
  /** Content was delivered after the report, which therefore cannot cover it. */
  readonly contentAfterReport: boolean
  /** Tokens that were written, by what was seen. */
  estimateOutput(): number
}

/** Why an answer with a status of success is none. */
export type BadAnswerReason =
  /** It says that the upstream failed. */
  | 'says-error'
  /** It ended without content and without a reason to finish. */
  | 'empty'
  /** It cannot be read as an answer, in either form. */
  | 'broken'
  /** A stream that ended without saying that it is complete. */
  | 'cut'
  | 'too-large'

/** How one attempt at an upstream ended. `meter` is there when a part of the answer was passed on. */
export type RelayEnd =
  /** The caller has the whole answer. */
  | { kind: 'delivered'; meter: AnswerMeter }
  /** An answer whose status is no success. Nothing of it was passed on. */
  | { kind: 'answered'; status: number; headers: IncomingHttpHeaders; body: Buffer }
  /** A status of success, and no answer. `text` is the error that it says, not redacted. */
  | {
      kind: 'bad-answer'
      reason: BadAnswerReason
      headers: IncomingHttpHeaders
      text: string
      meter: AnswerMeter | undefined
    }
  /** The connection failed. */
  | { kind: 'lost'; error: unknown; headersSeen: boolean; meter: AnswerMeter | undefined }
  /** The dialect itself says what failed. */
  | { kind: 'failed'; failure: UpstreamFailure; meter: AnswerMeter | undefined }
  /** The caller hung up, or time is over. */
  | { kind: 'stopped'; by: 'caller-gone' | 'late'; meter: AnswerMeter | undefined }
