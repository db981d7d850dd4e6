import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Decoded } from '@sluice/contracts/control/operation-types'
import type { controlRoutes, ControlOperation } from '@sluice/contracts/control/routes'

import type { SessionPrincipal } from '../identity/identity.ts'

type Route<Op extends ControlOperation> = (typeof controlRoutes)[Op]

/** Operations that anyone may call have no session; all others have one. */
type SessionOf<Op extends ControlOperation> = Route<Op>['access'] extends 'anyone'
  ? undefined
  : SessionPrincipal

/** One request of an operation: checked, decoded, and allowed. */
export interface ControlCall<Op extends ControlOperation> {
  session: SessionOf<Op>
  params: Decoded<Op>['params']
  query: Decoded<Op>['query']
  body: Decoded<Op>['body']
  /** Checked for form and length; present when the route requires it. */
  idempotencyKey: string | undefined
  requestId: string
  receivedAtMs: number
  /** Where the request came from, for throttling and records. */
  address: string
  incoming: IncomingMessage
  outgoing: ServerResponse
  /** Adds a header to the answer; `Set-Cookie` may be added more than once. */
  addHeader(name: string, value: string): void
  /** Aborts when the caller has left. */
  signal: AbortSignal
}

/** Routes that write to `outgoing` themselves (events, bytes) resolve with nothing. */
type Answer<Op extends ControlOperation> = Decoded<Op>['answer'] extends undefined
  ? void
  : Decoded<Op>['answer']

/** Carries an operation out. Throws AppError; nothing else is told to the caller. */
export type ControlHandler<Op extends ControlOperation> = (
  call: ControlCall<Op>,
) => Promise<Answer<Op>>

export type ControlHandlers = { [Op in ControlOperation]: ControlHandler<Op> }
