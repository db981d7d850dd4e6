import { AppError } from '@sluice/kernel/app-error'
import type { Clock } from '@sluice/kernel/clock'

export interface DrawingSlots {
  /** Runs `draw` when a place is free. Throws `overloaded` when the queue is full or too slow. */
  run<Value>(draw: () => Promise<Value>): Promise<Value>
  readonly waiting: number
  readonly drawing: number
}

interface Waiter {
  take: () => void
}

/** So many drawings at once, and a bounded line for the others: CPU is shared, never promised. */
export function createDrawingSlots({
  clock,
  drawingMax,
  waitingMax,
  waitMsMax,
}: {
  clock: Clock
  drawingMax: number
  waitingMax: number
  waitMsMax: number
}): DrawingSlots {
  let drawing = 0
  const line: Waiter[] = []

  const overloaded = () =>
    new AppError('overloaded', 'Too many pictures are being drawn; come back in a moment.', {
      retryAfterMs: 2_000,
    })

  const enter = async () => {
    if (drawing < drawingMax) {
      drawing += 1
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
    else drawing -= 1
  }

  return {
    run: async (draw) => {
      await enter()
      try {
        return await draw()
      } finally {
        leave()
      }
    },
    get waiting() {
      return line.length
    },
    get drawing() {
      return drawing
    },
  }
}
