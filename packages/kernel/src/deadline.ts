import type { Clock } from './clock.ts'

/** A budget of time, made once per request and passed down; never re-made on the way. */
export interface Deadline {
  readonly atMs: number
  readonly signal: AbortSignal
  remainingMs(): number
  /** Frees the timer; call it when the request has ended. */
  clear(): void
}

/** Starts a budget of `ms`. Its signal aborts when the time is over, or when `parent` aborts. */
export function startDeadline(clock: Clock, ms: number, parent?: AbortSignal): Deadline {
  const controller = new AbortController()
  const atMs = clock.nowMs() + ms
  const cancel = clock.after(ms, () => controller.abort(new DeadlineExceeded(ms)))
  const follow = () => controller.abort(parent?.reason)
  if (parent?.aborted) follow()
  parent?.addEventListener('abort', follow, { once: true })
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

export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded'
  constructor(ms: number) {
    super(`deadline of ${ms} ms exceeded`)
  }
}
