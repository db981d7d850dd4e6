import type { Clock } from '@sluice/kernel/clock'

import { QUEUE_AGE_MAX_MS } from './bus-limits.ts'

// Limits of memory, where NATS has those of its disk.
const KEPT_MAX = 10_000
const KEPT_CHARS_MAX = 8_000_000

/** What was announced lately, for a group of consumers that comes later; the oldest falls off. */
export function createRetained(clock: Clock) {
  const retained: { text: string; atMs: number }[] = []
  let chars = 0

  const forget = () => {
    const since = clock.nowMs() - QUEUE_AGE_MAX_MS
    let count = 0
    for (const { text, atMs } of retained) {
      const over = retained.length - count > KEPT_MAX || chars > KEPT_CHARS_MAX
      if (atMs > since && !over) break
      chars -= text.length
      count += 1
    }
    retained.splice(0, count)
  }

  return {
    push: (text: string): void => {
      retained.push({ text, atMs: clock.nowMs() })
      chars += text.length
      forget()
    },
    texts: (): string[] => {
      forget()
      return retained.map(({ text }) => text)
    },
  }
}
