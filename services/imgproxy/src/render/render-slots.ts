import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'

export interface RenderSlots {
  /** Runs `render` when a slot is free. Throws `overloaded` when the queue is full or the wait too long. */
  run<Value>(render: () => Promise<Value>): Promise<Value>
  readonly waiting: number
  readonly rendering: number
}

interface Waiter {
  start: () => void
}

/** Limits concurrent renderings, with a bounded queue for the others, because they are CPU-bound. */
export function createRenderSlots({
  clock,
  renderingMax,
  waitingMax,
  waitMsMax,
}: {
  clock: Clock
  renderingMax: number
  waitingMax: number
  waitMsMax: number
}): RenderSlots {
  let rendering = 0
  const queue: Waiter[] = []

  const overloaded = () =>
    new AppError('overloaded', 'Too many pictures are being rendered; retry in a moment.', {
      retryAfterMs: 2_000,
    })

  const acquire = async () => {
    if (rendering < renderingMax) {
      rendering += 1
      return
    }
    if (queue.length >= waitingMax) throw overloaded()
    await new Promise<void>((resolve, reject) => {
      const cancel = clock.after(waitMsMax, () => {
        queue.splice(queue.indexOf(waiter), 1)
        reject(overloaded())
      })
      const waiter: Waiter = {
        start: () => {
          cancel()
          resolve()
        },
      }
      queue.push(waiter)
    })
  }

  // The slot is passed to the next in the queue directly, so that a new call cannot take it first.
  const release = () => {
    const next = queue.shift()
    if (next) next.start()
    else rendering -= 1
  }

  return {
    run: async (render) => {
      await acquire()
      try {
        return await render()
      } finally {
        release()
      }
    },
    get waiting() {
      return queue.length
    },
    get rendering() {
      return rendering
    },
  }
}
