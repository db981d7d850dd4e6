import type { GatewayContext } from '../gateway-context.ts'
import type { Identity } from '../identity/identity.ts'

/** What every group of operations gets; `door.deps` is the world of the module. */
export interface ControlContext {
  gateway: GatewayContext
  /** People, their passwords and their sessions. */
  identity: Identity
  version: string
}
