import type { Clock } from '@sluice/kernel/clock'

import type { AnswerSink } from './answer-sink.ts'

const SWEEP_MS = 1_000

export interface LiveAnswers {
  add(sink: AnswerSink): void
  delete(sink: AnswerSink): void
  size(): number
  /** Ends the sweeping. */
  stop(): void
}

/** One timer for all answers that are under way: deadlines, keep-alives, readers who stall. */
export function liveAnswers(clock: Clock): LiveAnswers {
  const sinks = new Set<AnswerSink>()
  const stop = clock.every(SWEEP_MS, () => {
    const nowMs = clock.nowMs()
    for (const sink of sinks) sink.tick(nowMs)
  })
  return {
    add: (sink) => void sinks.add(sink),
    delete: (sink) => void sinks.delete(sink),
    size: () => sinks.size,
    stop,
  }
}
