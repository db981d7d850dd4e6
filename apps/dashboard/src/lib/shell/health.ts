import type { Clock } from '@sluice/kernel/clock'

export type Health =
  | { state: 'asking' }
  | { state: 'well' | 'slow'; durationMs: number }
  | { state: 'away' }

/** Between two questions; each is one cheap request that needs no session. */
export const POLL_EVERY_MS = 20_000
/** An answer that took longer is worth a word. */
export const SLOW_MS = 1_500
/** Whoever has not answered by then is not there. */
export const REQUEST_TIMEOUT_MS = 8_000

/** Asks the gateway once how it is. Never rejects: not answering is an answer. */
export async function fetchHealth(
  deps: { clock: Clock; ask: (signal: AbortSignal) => Promise<unknown> },
  signal: AbortSignal,
): Promise<Health> {
  const began = deps.clock.monotonicMs()
  const timeout = new AbortController()
  const cancel = deps.clock.after(REQUEST_TIMEOUT_MS, () => timeout.abort())
  try {
    await deps.ask(AbortSignal.any([signal, timeout.signal]))
  } catch {
    // Whatever went wrong, the person cannot reach the gateway from here.
    return { state: 'away' }
  } finally {
    cancel()
  }
  const durationMs = deps.clock.monotonicMs() - began
  return { state: durationMs > SLOW_MS ? 'slow' : 'well', durationMs }
}
