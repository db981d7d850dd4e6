import type { GatewayContext } from '../gateway-context.ts'
import type { Identity } from '../identity/identity.ts'

/** Passed to every group of operations. */
export interface ControlContext {
  gateway: GatewayContext
  /** Users, their passwords and their sessions. */
  identity: Identity
  version: string
}
