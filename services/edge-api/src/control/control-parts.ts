import type { Door } from '../door.ts'
import type { Identity } from '../identity/identity.ts'

/** What every group of operations gets; `door.deps` is the world of the module. */
export interface ControlParts {
  door: Door
  /** People, their passwords and their sessions. */
  identity: Identity
  version: string
}
