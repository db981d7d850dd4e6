import type { ChatContext } from './chat-context.ts'

const POLL_EVERY_MS = 50

/** Waits until no chat call is running, at most `withinMs`. */
export async function drainCalls(
  { running, gateway }: ChatContext,
  withinMs: number,
): Promise<void> {
  const { clock } = gateway.deps
  const untilMs = clock.monotonicMs() + withinMs
  while (running.count > 0 && clock.monotonicMs() < untilMs) await clock.sleep(POLL_EVERY_MS)
}
