import type { ImageFacts, ImageRequest } from '@sluice/contracts/image-request'
import type { Dialect } from '@sluice/contracts/dialects'
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

/** A channel and one of its decrypted credentials; held in memory only during the call. */
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
  /** Index of the job's part that this call generates; one image per call. */
  index: number
  /** Reads an input image or mask by its blob key. Its errors are passed on unchanged. */
  readInput: (blobKey: string) => Promise<Uint8Array>
  /**
   * Receives each partial image as it arrives, in order; the call awaits it. Its errors are passed on
   * unchanged. A partial image that cannot be read is left out.
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

/**
 * The reason of a failure, for metrics and a credential's health; each has a row in `failure-treatments.ts`.
 */
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

/** A classified failure of an upstream call; `message` may be shown to the caller. */
export interface UpstreamFailure {
  failureClass: FailureClass
  /** Always set by the dialects of this package. */
  reason?: FailureReason
  /** The error code for the caller when no other attempt succeeds. */
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
  /** The parameter that the upstream reports as invalid; only for errors of the caller's request. */
  param?: string
  /** The upstream's error code in its original spelling; only for errors of the caller's request. */
  upstreamCode?: string
  /** Permissions that the credential lacks, by the upstream's names. */
  missingScopes?: readonly string[]
  status: number | undefined
  retryAfterMs: number | undefined
  /** True when the upstream may charge for the call. */
  mayHaveProduced: boolean
}

/** The HTTP request of a chat call, which the edge sends and whose response bytes it relays. */
export interface RawCall {
  origin: string
  path: string
  method: 'POST' | 'GET'
  headers: Record<string, string>
}

export interface UpstreamDeps {
  /** For the base URLs configured by operators. */
  dispatcher: Dispatcher
  /** For image URLs in upstream responses. */
  fetchGuarded: FetchGuarded
  clock: Clock
  random: Random
}

/** One wire dialect. Optional members are capabilities that a dialect may lack. */
export interface Upstream {
  dialect: Dialect
  /**
   * Generates one image. Throws an UpstreamError with an UpstreamFailure; when `signal` aborts, its reason is
   * `aborted` (class `fatal`) and its cause the signal's reason.
   */
  generateImage?: (input: GenerateInput) => Promise<GeneratedPicture>
  /** URL and headers of a chat completion; the body is relayed unchanged. */
  chatCall?: (access: UpstreamAccess) => RawCall
  /** Generates a chat completion in process, without an HTTP upstream. */
  chatAnswer?: (input: ChatAnswerInput) => ChatAnswer
  /** The model names that the upstream offers to this credential. */
  listModels?: (input: { access: UpstreamAccess; signal: AbortSignal }) => Promise<string[]>
  /**
   * Whether this credential may use an operation. Sends a request without the required fields: if permitted,
   * it is rejected for the missing fields, and it is never charged. Never rejects.
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
  /** The failure of the request; undefined when it succeeded. */
  failure: UpstreamFailure | undefined
}

export interface ChatAnswerInput {
  access: UpstreamAccess
  upstreamModel: string
  /** The caller's parsed body. */
  body: Record<string, unknown>
  signal: AbortSignal
}

/** A response generated in process: whole, or as chunks of the OpenAI wire format without framing. */
export interface ChatAnswer {
  /** The `chat.completion` object. */
  whole: () => Promise<Record<string, unknown>>
  /** `chat.completion.chunk` objects in order, the last with usage if `include_usage` is set. */
  chunks: () => AsyncIterable<Record<string, unknown>>
}
