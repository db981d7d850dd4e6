import type { ChatContext } from './chat-context.ts'

const LOOK_EVERY_MS = 50

/** Waits until no chat call runs any more, `withinMs` at most. */
export async function drainCalls(
  { running, gateway }: ChatContext,
  withinMs: number,
): Promise<void> {
  const { clock } = gateway.deps
  const untilMs = clock.monotonicMs() + withinMs
  while (running.count > 0 && clock.monotonicMs() < untilMs) await clock.sleep(LOOK_EVERY_MS)
}
