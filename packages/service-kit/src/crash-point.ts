import { assert } from '@sluice/kernel/assert'

interface ArmedPoint {
  name: string
  /** How many passes are left before the process dies. */
  left: number
}

let armed: ArmedPoint | undefined

/** A place where the crash campaign may end the process. Free while nothing is armed. */
export function crashPoint(name: string): void {
  if (armed === undefined || armed.name !== name) return
  armed.left -= 1
  // SIGKILL to oneself: no handler, no `finally`, no flush. This is the crash that we must survive.
  if (armed.left <= 0) process.kill(process.pid, 'SIGKILL')
}

/**
 * Arms one point: the process dies at its `count`-th pass. Called by main.ts only, with what
 * `parseCrashAt` read. Throws in production.
 */
export function armCrashPoint(point: { name: string; count: number; nodeEnv: string | undefined }) {
  assert(point.nodeEnv !== 'production', 'CRASH_AT must not be set when NODE_ENV is production')
  assert(Number.isInteger(point.count) && point.count >= 1, 'CRASH_AT counts passes from 1')
  armed = { name: point.name, left: point.count }
}

/** Reads `name:n`, as CRASH_AT is written; undefined when it is anything else. */
export function parseCrashAt(text: string): { name: string; count: number } | undefined {
  const match = /^([a-z][a-z0-9-]{0,60}):([1-9]\d{0,5})$/.exec(text)
  if (!match?.[1]) return undefined
  return { name: match[1], count: Number(match[2]) }
}
