import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

import type { Clock } from '@sluice/kernel/clock'

import type { ByteBudget } from '../http/byte-budget.ts'
import type { Identity, SessionPrincipal } from '../identity/identity.ts'
import type { EdgeContext } from '../http/request.ts'
import type { Sweep } from '../http/sweep.ts'
import type { CountRequest } from './count-requests.ts'

/** Dependencies of the mounted control API. */
export interface ControlDeps {
  clock: Clock
  sweep: Sweep
  /** Request bodies in memory. */
  bodies: ByteBudget
  count: CountRequest
  /** The public origin; undefined when it is the address that this process listens on. */
  publicOrigin: string | undefined
  /** The caller's address, for rate limits and logs. */
  addressOf: (incoming: IncomingMessage) => string
  /** Counts a call without a session until its body proves to be well-formed. Throws `too_many_attempts`. */
  beginPublicCall: Identity['beginPublicCall']
  /** Assigns the request id, once. */
  assignRequestId: (context: EdgeContext) => string
  /** The session of a cookie or a bearer token. Throws `invalid_session`, `unavailable`. */
  authenticate: (headers: IncomingHttpHeaders) => Promise<SessionPrincipal>
}
