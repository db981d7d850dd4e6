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
  return dying(store, { armed: undefined })
}

// A call's own view of the book dies as the book itself does.
function dying(store: LedgerStore, state: { armed: CrashPoint | undefined }): CrashingStore {
  const take = () => {
    const point = state.armed
    state.armed = undefined
    return point
  }
  return {
    ...store,
    until: (signal) => dying(store.until(signal), state),
    crashAt: (point) => {
      state.armed = point
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
