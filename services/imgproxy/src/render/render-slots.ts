import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'

export interface RenderSlots {
  /** Runs `draw` when a place is free. Throws `overloaded` when the queue is full or too slow. */
  run<Value>(render: () => Promise<Value>): Promise<Value>
  readonly waiting: number
  readonly rendering: number
}

interface Waiter {
  take: () => void
}

/** So many drawings at once, and a bounded line for the others: CPU is shared, never promised. */
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
  const line: Waiter[] = []

  const overloaded = () =>
    new AppError('overloaded', 'Too many pictures are being drawn; come back in a moment.', {
      retryAfterMs: 2_000,
    })

  const enter = async () => {
    if (rendering < renderingMax) {
      rendering += 1
      return
    }
    if (line.length >= waitingMax) throw overloaded()
    await new Promise<void>((resolve, reject) => {
      const cancel = clock.after(waitMsMax, () => {
        line.splice(line.indexOf(waiter), 1)
        reject(overloaded())
      })
      const waiter: Waiter = {
        take: () => {
          cancel()
          resolve()
        },
      }
      line.push(waiter)
    })
  }

  // The place goes to the next in line directly, so that nobody who comes now can slip in between.
  const leave = () => {
    const next = line.shift()
    if (next) next.take()
    else rendering -= 1
  }

  return {
    run: async (render) => {
      await enter()
      try {
        return await render()
      } finally {
        leave()
      }
    },
    get waiting() {
      return line.length
    },
    get rendering() {
      return rendering
    },
  }
}
