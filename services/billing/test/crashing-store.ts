import type { LedgerStore } from '../src/store/ledger-store.ts'

/** Where the process dies in its next transaction: undone, or done with nobody left to hear of it. */
export type CrashPoint = 'before-commit' | 'after-commit'

export class Crash extends Error {
  override readonly name = 'Crash'
}

export interface CrashingStore extends LedgerStore {
  /** The next transaction that writes dies there. */
  crashAt(point: CrashPoint | undefined): void
}

/** A store whose process dies when a simulation says so. */
export function crashingStore(store: LedgerStore): CrashingStore {
  let armed: CrashPoint | undefined
  const take = () => {
    const point = armed
    armed = undefined
    return point
  }
  return {
    ...store,
    crashAt: (point) => {
      armed = point
    },
    openHold: async (opened) => {
      const point = take()
      if (point === 'before-commit') throw new Crash(point)
      const answer = await store.openHold(opened)
      if (point === 'after-commit') throw new Crash(point)
      return answer
    },
    inTransaction: async (work) => {
      const point = take()
      const result = await store.inTransaction(async (book) => {
        const result = await work(book)
        if (point === 'before-commit') throw new Crash(point)
        return result
      })
      if (point === 'after-commit') throw new Crash(point)
      return result
    },
  }
}
