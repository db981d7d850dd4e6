import type { Clock } from '@sluice/kernel/clock'

export type Health =
  | { state: 'checking' }
  | { state: 'healthy' | 'slow'; durationMs: number }
  | { state: 'unreachable' }

/** Polling interval; each poll is one cheap request without a session. */
export const POLL_EVERY_MS = 20_000
/** A slower response is reported as slow. */
export const SLOW_MS = 1_500
/** Without a response by then the gateway is unreachable. */
export const REQUEST_TIMEOUT_MS = 8_000

/** Checks the gateway once. Never rejects: a failure is the state `unreachable`. */
export async function fetchHealth(
  deps: { clock: Clock; request: (signal: AbortSignal) => Promise<unknown> },
  signal: AbortSignal,
): Promise<Health> {
  const began = deps.clock.monotonicMs()
  const timeout = new AbortController()
  const cancel = deps.clock.after(REQUEST_TIMEOUT_MS, () => timeout.abort())
  try {
    await deps.request(AbortSignal.any([signal, timeout.signal]))
  } catch {
    return { state: 'unreachable' }
  } finally {
    cancel()
  }
  const durationMs = deps.clock.monotonicMs() - began
  return { state: durationMs > SLOW_MS ? 'slow' : 'healthy', durationMs }
}
