import type { Clock } from './clock.ts'

/** The time limit of a request. Created once per request and passed to everything it calls. */
export interface Deadline {
  readonly atMs: number
  readonly signal: AbortSignal
  remainingMs(): number
  /** Frees the timer; call it when the request has ended. */
  clear(): void
}

/** Starts a time limit of `ms`. Its signal aborts when the time is over, or when `parent` aborts. */
export function startDeadline(clock: Clock, ms: number, parent?: AbortSignal): Deadline {
  const controller = new AbortController()
  const atMs = clock.nowMs() + ms
  const untilMs = clock.monotonicMs() + ms
  const cancel = clock.after(ms, () => controller.abort(new DeadlineExceeded(ms)))
  const follow = () => controller.abort(parent?.reason)
  if (parent?.aborted) follow()
  parent?.addEventListener('abort', follow, { once: true })
  const outerMs = parent && remainingMsOf(parent)
  const ends = Math.min(untilMs, outerMs === undefined ? untilMs : clock.monotonicMs() + outerMs)
  times.set(controller.signal, () => ends - clock.monotonicMs())
  return {
    atMs,
    signal: controller.signal,
    remainingMs: () => Math.max(0, atMs - clock.nowMs()),
    clear: () => {
      cancel()
      parent?.removeEventListener('abort', follow)
    },
  }
}

const times = new WeakMap<AbortSignal, () => number>()

/**
 * Milliseconds until a deadline's signal aborts; undefined for a signal that no deadline created. Lets code
 * that only has the signal pass the remaining time on, for example to another process.
 */
export function remainingMsOf(signal: AbortSignal): number | undefined {
  return times.get(signal)?.()
}

/** Whether a signal aborted because its time was over, not because its caller left. */
export const isDeadlineExceeded = (reason: unknown): boolean => reason instanceof DeadlineExceeded

export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded'
  constructor(ms: number) {
    super(`deadline of ${ms} ms exceeded`)
  }
}
