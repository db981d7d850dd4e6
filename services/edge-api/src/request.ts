import type { HttpBindings } from '@hono/node-server'
import type { Context, Hono } from 'hono'

import type { AddressList } from './admit/networks.ts'

/** What authentication yields: who asks, who pays, and what they may do. Immutable, shared by requests. */
export interface Principal {
  readonly apiKeyId: string
  readonly wallet: string
  /** Requests in any 60 seconds; null is no limit. */
  readonly rpmLimit: number | null
  /** Public model names that this key may use; null is all. */
  readonly models: ReadonlySet<string> | null
  /** Where it may be used from; null is everywhere. */
  readonly networks: AddressList | null
  /** Micro-credits a day of UTC; null is no limit. The number itself is read anew where it counts. */
  readonly dailyQuotaMicro: bigint | null
}

/** A request that may come in: authenticated and within its rate limit. Paying comes later. */
export interface Admitted {
  readonly requestId: string
  readonly principal: Principal
  /** When the request's head arrived, in milliseconds since the epoch. */
  readonly receivedAtMs: number
}

/** Node's own request and response stand in `c.env`; bodies never pass through web streams. */
export interface EdgeEnv {
  Bindings: HttpBindings & {
    /** Set by `admit`; an error before that gets an id of its own. */
    requestId?: string
  }
}

/** A chat request that names an image model. Whoever answers it writes to `outgoing` itself. */
export interface ChatImageRequest {
  admitted: Admitted
  incoming: HttpBindings['incoming']
  outgoing: HttpBindings['outgoing']
  /** The caller's bytes, and the same parsed. */
  bodyBytes: Buffer
  body: Record<string, unknown>
  model: string
  stream: boolean
}

export type EdgeApp = Hono<EdgeEnv>
export type EdgeContext = Context<EdgeEnv>

/** One line of the request log: what was asked, what became of it, what it cost. No bodies, no secrets. */
export interface RequestRecord {
  requestId: string
  /** Null when the caller could not be told. */
  apiKeyId: string | null
  wallet: string | null
  route: string
  model: string | null
  channelId: string | null
  credentialId: string | null
  status: number
  /** An error code of ours; null when all went well. */
  errorCode: string | null
  streamed: boolean
  attempts: number
  inputTokens: number | null
  outputTokens: number | null
  amountMicro: bigint
  /** From the request's head to the first byte of the answer, and to its last. */
  firstByteMs: number | null
  durationMs: number
  receivedAtMs: number
  /** The image task that it became, or joined; null for all others, and for what was refused before. */
  taskId: string | null
}

/** True when the principal's key may use this public model name. */
export function mayUseModel(principal: Pick<Principal, 'models'>, model: string): boolean {
  return principal.models === null || principal.models.has(model)
}
