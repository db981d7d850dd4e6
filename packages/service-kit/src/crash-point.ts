import { assert } from '@sluice/kernel/assert'

interface ArmedPoint {
  name: string
  /** Passes left until the process is killed. */
  left: number
}

let armed: ArmedPoint | undefined

/** A point where the crash test may kill the process. Costs nothing while no point is armed. */
export function crashPoint(name: string): void {
  if (armed === undefined || armed.name !== name) return
  armed.left -= 1
  // SIGKILL to this process: no handler, no `finally`, no flush.
  if (armed.left <= 0) process.kill(process.pid, 'SIGKILL')
}

/**
 * Arms one point: the process is killed at its `count`-th pass. Called at the start of a process only, with
 * CRASH_AT. Throws in production.
 */
export function armCrashPoint(point: { name: string; count: number; nodeEnv: string | undefined }) {
  assert(point.nodeEnv !== 'production', 'CRASH_AT must not be set when NODE_ENV is production')
  assert(Number.isInteger(point.count) && point.count >= 1, 'CRASH_AT counts passes from 1')
  armed = { name: point.name, left: point.count }
}

/** Parses `name:n`, the format of CRASH_AT; undefined for any other text. */
export function parseCrashAt(text: string): { name: string; count: number } | undefined {
  const match = /^([a-z][a-z0-9-]{0,60}):([1-9]\d{0,5})$/.exec(text)
  if (!match?.[1]) return undefined
  return { name: match[1], count: Number(match[2]) }
}
