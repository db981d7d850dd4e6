import type { Clock } from '@sluice/kernel/clock'

import { QUEUE_AGE_MAX_MS } from './bus-limits.ts'

// Memory limits; NATS limits its disk instead.
const RETAINED_MAX = 10_000
const RETAINED_CHARS_MAX = 8_000_000

/** Recent messages, delivered to consumer groups that join later; the oldest are removed first. */
export function createRetained(clock: Clock) {
  const retained: { text: string; atMs: number }[] = []
  let chars = 0

  const prune = () => {
    const since = clock.nowMs() - QUEUE_AGE_MAX_MS
    let count = 0
    for (const { text, atMs } of retained) {
      const over = retained.length - count > RETAINED_MAX || chars > RETAINED_CHARS_MAX
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
      prune()
    },
    texts: (): string[] => {
      prune()
      return retained.map(({ text }) => text)
    },
  }
}
