import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

import type { Clock } from '@sluice/kernel/clock'

import type { ByteBudget } from '../byte-budget.ts'
import type { Identity, SessionPrincipal } from '../identity/identity.ts'
import type { EdgeContext } from '../request.ts'
import type { Sweep } from '../sweep.ts'
import type { CountRequest } from './count-requests.ts'

/** What the mount of the control API asks of the module. */
export interface ControlDeps {
  clock: Clock
  sweep: Sweep
  /** Request bodies in memory. */
  bodies: ByteBudget
  count: CountRequest
  /** Our address as people know it; undefined when it is the one that we listen on. */
  publicOrigin: string | undefined
  /** Where a request came from, for throttling and records. */
  addressOf: (incoming: IncomingMessage) => string
  /** Counts a call without a session, until it has turned out to be well-formed. Throws `too_many_attempts`. */
  beginPublicCall: Identity['beginPublicCall']
  /** Gives the request its id, once. */
  nameRequest: (context: EdgeContext) => string
  /** The session behind a cookie or a bearer token. Throws `invalid_session`, `unavailable`. */
  authenticate: (headers: IncomingHttpHeaders) => Promise<SessionPrincipal>
}
