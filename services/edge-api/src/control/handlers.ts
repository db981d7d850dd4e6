import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Decoded } from '@sluice/contracts/control/operation-types'
import type { controlRoutes, ControlOperation } from '@sluice/contracts/control/routes'

import type { SessionPrincipal } from '../identity/identity.ts'

type Route<Op extends ControlOperation> = (typeof controlRoutes)[Op]

/** Public operations have no session; all others have one. */
type SessionOf<Op extends ControlOperation> = Route<Op>['access'] extends 'anyone'
  ? undefined
  : SessionPrincipal

/** One request of an operation, validated, decoded and authorized. */
export interface ControlCall<Op extends ControlOperation> {
  session: SessionOf<Op>
  params: Decoded<Op>['params']
  query: Decoded<Op>['query']
  body: Decoded<Op>['body']
  /** Validated; undefined when the route takes none or the caller sent none. */
  idempotencyKey: string | undefined
  requestId: string
  receivedAtMs: number
  /** The caller's address, for rate limits and logs. */
  address: string
  incoming: IncomingMessage
  outgoing: ServerResponse
  /** Adds a response header; `Set-Cookie` may be added more than once. */
  addHeader(name: string, value: string): void
  /** Aborts when the caller has disconnected. */
  signal: AbortSignal
}

/** Routes that write to `outgoing` themselves (events, bytes) return nothing. */
type Answer<Op extends ControlOperation> = Decoded<Op>['answer'] extends undefined
  ? void
  : Decoded<Op>['answer']

/** Executes an operation. An AppError is sent to the caller; any other error is reported as internal. */
export type ControlHandler<Op extends ControlOperation> = (
  call: ControlCall<Op>,
) => Promise<Answer<Op>>

export type ControlHandlers = { [Op in ControlOperation]: ControlHandler<Op> }
