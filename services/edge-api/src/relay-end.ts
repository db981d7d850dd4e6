import type { IncomingHttpHeaders } from 'node:http'

import type { TokenUsage } from '@sluice/contracts/usage'
import type { UpstreamFailure } from '@sluice/upstreams/upstream'

/** What was seen of an answer that passed, or of the part of it that did. */
export interface AnswerMeter {
  /** As the upstream reported it; undefined when it did not. */
  readonly usage: TokenUsage | undefined
  /** Tokens that were written, by what was seen. */
  estimateOutput(): number
}

/** How one attempt at an upstream ended. `meter` is there when a part of the answer was passed on. */
export type RelayEnd =
  /** The caller has the whole answer. */
  | { kind: 'delivered'; meter: AnswerMeter }
  /** An answer that is no success, or not what was asked for. Nothing of it was passed on. */
  | { kind: 'answered'; status: number; headers: IncomingHttpHeaders; body: Buffer }
  /** The connection failed. */
  | { kind: 'lost'; error: unknown; headersSeen: boolean; meter: AnswerMeter | undefined }
  /** The dialect itself says what failed. */
  | { kind: 'failed'; failure: UpstreamFailure; meter: AnswerMeter | undefined }
  /** A stream that ended without saying that it is complete. */
  | { kind: 'unfinished'; meter: AnswerMeter }
  /** The caller hung up, or time is over. */
  | { kind: 'stopped'; by: 'caller-gone' | 'late'; meter: AnswerMeter | undefined }
