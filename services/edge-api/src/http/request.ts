import type { HttpBindings } from '@hono/node-server'
import { AppError } from '@sluice/kernel/app-error'
import type { Context, Hono } from 'hono'

import type { AddressList } from '../auth/networks.ts'

/** Result of authentication: the API key, its wallet and its permissions. Immutable, shared by requests. */
export interface Principal {
  readonly apiKeyId: string
  readonly wallet: string
  /** Requests in any 60 seconds; null for no limit. */
  readonly rpmLimit: number | null
  /** Public model names that this key may use; null for all. */
  readonly models: ReadonlySet<string> | null
  /** Addresses it may be used from; null for all. */
  readonly networks: AddressList | null
  /** Micro-credits per UTC day; null for no limit. The current value is read again when it is enforced. */
  readonly dailyQuotaMicro: bigint | null
}

/** A request that is authenticated and within its rate limit; its funds are not checked yet. */
export interface Admitted {
  readonly requestId: string
  readonly principal: Principal
  /** When the request's head arrived, in milliseconds since the epoch. */
  readonly receivedAtMs: number
}

/** `c.env` holds Node's own request and response; bodies never pass through web streams. */
export interface EdgeEnv {
  Bindings: HttpBindings & {
    /** Set by `assignRequestId`, once. */
    requestId?: string
  }
}

/** A chat request for an image model. Its handler writes to `outgoing` directly. */
export interface ChatImageRequest {
  admitted: Admitted
  incoming: HttpBindings['incoming']
  outgoing: HttpBindings['outgoing']
  /** The body as received, and the same parsed. */
  bodyBytes: Buffer
  body: Record<string, unknown>
  model: string
  stream: boolean
}

export type EdgeApp = Hono<EdgeEnv>
export type EdgeContext = Context<EdgeEnv>

/** One row of the request log: request, outcome and cost. No bodies, no secrets. */
export interface RequestRecord {
  requestId: string
  /** Null when the caller was not authenticated. */
  apiKeyId: string | null
  wallet: string | null
  route: string
  model: string | null
  channelId: string | null
  credentialId: string | null
  status: number
  /** The gateway's error code; null on success. */
  errorCode: string | null
  streamed: boolean
  attempts: number
  inputTokens: number | null
  outputTokens: number | null
  amountMicro: bigint
  /** From the request's head to the first byte of the response, and to its last. */
  firstByteMs: number | null
  durationMs: number
  receivedAtMs: number
  /** The image task that it created or joined; null for other requests and for refused ones. */
  taskId: string | null
}

/** True when the principal's key may use this public model name. */
export function mayUseModel(principal: Pick<Principal, 'models'>, model: string): boolean {
  return principal.models === null || principal.models.has(model)
}

/** The same error for a model that does not exist and for one that this key may not use. */
export function modelNotFound(model: string): AppError {
  const message = `The model '${shownModel(model)}' does not exist, or this API key may not use it.`
  return new AppError('model_not_found', message, { param: 'model' })
}

/** A model's name, as much of it as an error shows. */
export const shownModel = (model: string): string => model.slice(0, 200)
