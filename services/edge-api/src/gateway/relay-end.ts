import type { IncomingHttpHeaders } from 'node:http'

import type { TokenUsage } from '@sluice/contracts/usage'
import type { UpstreamFailure } from '@sluice/upstreams/upstream'

/** Metering of a relayed response, or of its relayed part. */
export interface AnswerMeter {
  /** Usage reported by the upstream; undefined when it reported none. */
  readonly usage: TokenUsage | undefined
  /** Content was delivered after the report, so the report does not cover it. */
  readonly contentAfterReport: boolean
  /** Output tokens estimated from the relayed content. */
  estimateOutput(): number
}

/** Why a response with a success status is unusable. */
export type UnusableReason =
  /** It contains an error. */
  | 'reports-error'
  /** It ended without content and without a finish reason. */
  | 'empty'
  /** It cannot be parsed as a completion or as a stream. */
  | 'broken'
  /** A stream that ended without a completion marker. */
  | 'truncated'
  | 'too-large'

/** How one upstream attempt ended. `meter` is set when part of the response was relayed. */
export type RelayEnd =
  /** The caller has the whole response. */
  | { kind: 'delivered'; meter: AnswerMeter }
  /** A response with an error status. Nothing of it was relayed. */
  | { kind: 'error-status'; status: number; headers: IncomingHttpHeaders; body: Buffer }
  /** A success status with an unusable body. `text` is the error in it, not redacted. */
  | {
      kind: 'unusable'
      reason: UnusableReason
      headers: IncomingHttpHeaders
      text: string
      meter: AnswerMeter | undefined
    }
  /** The connection failed. */
  | {
      kind: 'connection-error'
      error: unknown
      headersSeen: boolean
      meter: AnswerMeter | undefined
    }
  /** The dialect reported the failure itself. */
  | { kind: 'failed'; failure: UpstreamFailure; meter: AnswerMeter | undefined }
  /** The caller closed the connection, or the deadline passed. */
  | { kind: 'stopped'; by: 'caller-gone' | 'late'; meter: AnswerMeter | undefined }
