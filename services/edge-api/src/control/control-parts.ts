import type { Door } from '../door.ts'

/** What every group of operations gets; `door.deps` is the world of the module. */
export interface ControlParts {
  door: Door
  version: string
}
