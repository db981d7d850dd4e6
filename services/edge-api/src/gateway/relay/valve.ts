import type { AnswerSource } from './answer-sink.ts'

/** A source for pull-based readers that the sink can pause and abort. */
export interface Valve extends AnswerSource {
  signal: AbortSignal
  /** Resolves while not paused, or when aborted. */
  opened(): Promise<void>
}

export function createValve(): Valve {
  const controller = new AbortController()
  let closed: { promise: Promise<void>; open: () => void } | undefined
  const open = () => {
    closed?.open()
    closed = undefined
  }
  return {
    signal: controller.signal,
    opened: async () => closed?.promise,
    pause: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      closed ??= { promise, open: resolve }
    },
    resume: open,
    abort: (reason) => {
      controller.abort(reason)
      open()
    },
  }
}
