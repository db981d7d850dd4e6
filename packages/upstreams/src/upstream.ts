import type { ImageFacts, ImageRequest } from '@sluice/contracts/image-request'
import type { Dialect } from '@sluice/contracts/scheduler.contract'
import type { ImageTokens } from '@sluice/contracts/usage'

import type { FetchGuarded } from '@sluice/egress/guarded-fetch'
import type { Clock } from '@sluice/kernel/clock'
import type { Random } from '@sluice/kernel/random'

import type { Dispatcher } from 'undici'

/** What dispatch should do about a failure (GLOSSARY: failure class). */
export type FailureClass =
  | 'retry-here'
  | 'retry-elsewhere'
  | 'credential-limited'
  | 'credential-bad'
  | 'caller-bad'
  | 'fatal'

/** A channel and one of its credentials, opened; lives in memory only as long as the call. */
export interface UpstreamAccess {
  baseUrl: string
  secret: string
  settings: Record<string, unknown>
}

export interface GenerateInput {
  access: UpstreamAccess
  request: ImageRequest
  /** The upstream's own name of the model. */
  upstreamModel: string
  /** Which part of the job this call draws; a call draws one picture. */
  index: number
  /** Bytes of an input picture or mask by its blob key. Its errors leave `draw` as they are. */
  readInput: (blobKey: string) => Promise<Uint8Array>
  /**
   * Told of each partial picture as it arrives, in order; the call waits for it. Its errors leave
   * `draw` as they are. A partial picture that cannot be read is left out.
   */
  onPartial?: (partial: { index: number; bytes: Uint8Array; facts: ImageFacts }) => Promise<void>
  signal: AbortSignal
}

export interface GeneratedPicture {
  bytes: Uint8Array
  contentType: 'image/png' | 'image/jpeg' | 'image/webp'
  facts: ImageFacts
  revisedPrompt: string | null
  tokens: ImageTokens | null
}

/** What went wrong, for metrics and for a credential's record; each is a row of a table. */
export type FailureReason =
  | 'aborted'
  | 'answer-broken'
  | 'answer-cut'
  | 'answer-empty'
  | 'answer-too-large'
  | 'bad-request'
  | 'banned'
  | 'connect-failed'
  | 'connection-lost'
  | 'content-refused'
  | 'context-too-long'
  | 'image-refused'
  | 'misconfigured'
  | 'model-unknown'
  | 'not-started'
  | 'overloaded'
  | 'permission-missing'
  | 'quota-spent'
  | 'rate-limited'
  | 'region-refused'
  | 'request-refused'
  | 'server-error'
  | 'timeout'
  | 'tls-failed'
  | 'unauthorised'
  | 'unauthorised-unclear'
  | 'unsupported'

/** A failure of an upstream call, classified. Thrown by `draw`; `message` is fit for the caller. */
export interface UpstreamFailure {
  failureClass: FailureClass
  /** Always set by the dialects of this package. */
  reason?: FailureReason
  /** The code our caller should see when nothing else helps. */
  code:
    | 'content_policy_violation'
    | 'upstream_rejected'
    | 'upstream_failed'
    | 'upstream_timeout'
    | 'overloaded'
    | 'invalid_image'
    | 'unsupported_parameter'
    | 'context_length_exceeded'
    | 'model_not_found'
  message: string
  /** The parameter that the upstream names as wrong; only where the caller's request is to blame. */
  param?: string
  /** The upstream's own code, as it spells it; only where the caller's request is to blame. */
  upstreamCode?: string
  /** Permissions that the credential lacks for the call, as the upstream names them. */
  missingScopes?: readonly string[]
  status: number | undefined
  retryAfterMs: number | undefined
  /** True when the upstream may have produced something that it will charge us for. */
  mayHaveProduced: boolean
}

/** The HTTP request of a chat call, for the raw relay: the edge sends it and passes the bytes on. */
export interface RawCall {
  origin: string
  path: string
  method: 'POST' | 'GET'
  headers: Record<string, string>
}

export interface UpstreamDeps {
  /** For the base URLs that operators configured. */
  dispatcher: Dispatcher
  /** For URLs that an upstream names in its answers. */
  fetchGuarded: FetchGuarded
  clock: Clock
  random: Random
}

/** One wire dialect. What it cannot do is a capability, not a special case in its callers. */
export interface Upstream {
  dialect: Dialect
  /**
   * Draws one picture. Throws an UpstreamError that carries an UpstreamFailure; when `signal` aborts,
   * one whose reason is `aborted` (class `fatal`) and whose cause is the signal's reason.
   */
  generateImage?: (input: GenerateInput) => Promise<GeneratedPicture>
  /** Where and with which headers a chat completion goes; the body is relayed as it came. */
  chatCall?: (access: UpstreamAccess) => RawCall
  /** Answers a chat completion by itself, where there is no HTTP upstream to relay to (sandbox). */
  chatAnswer?: (input: ChatAnswerInput) => ChatAnswer
  /** Names of the models that the upstream offers to this credential. */
  listModels?: (input: { access: UpstreamAccess; signal: AbortSignal }) => Promise<string[]>
  /**
   * Whether this credential may do an operation, found out by a request that lacks all that it needs: it
   * is refused for what is missing where the credential may, and costs and makes nothing. Never rejects.
   */
  probeOperation?: (input: ProbeInput) => Promise<Permission>
}

export interface ProbeInput {
  access: UpstreamAccess
  operation: 'chat' | 'image'
  signal: AbortSignal
}

export interface Permission {
  can: 'yes' | 'no' | 'unknown'
  /** How the upstream refused the request; undefined when it answered it. */
  failure: UpstreamFailure | undefined
}

export interface ChatAnswerInput {
  access: UpstreamAccess
  upstreamModel: string
  /** The caller's parsed body. */
  body: Record<string, unknown>
  signal: AbortSignal
}

/** An answer made in process: whole, or as chunks in the OpenAI wire form (JSON texts without framing). */
export interface ChatAnswer {
  /** The `chat.completion` object. */
  whole: () => Promise<Record<string, unknown>>
  /** `chat.completion.chunk` objects in order, the last with usage when the body asked for it. */
  chunks: () => AsyncIterable<Record<string, unknown>>
}
