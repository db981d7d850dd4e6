import { AppError } from '@sluice/kernel/app-error'

import type { LedgerStore } from '../src/store/ledger-store.ts'

/**
 * Where the process dies in its next transaction: undone, or done with nobody left to hear of it. `frozen`:
 * the database receives it, and the caller is answered before the database wakes up and does it.
 */
export type CrashPoint = 'before-commit' | 'after-commit' | 'frozen'

export class Crash extends Error {
  override readonly name = 'Crash'
}

export interface CrashingStore extends LedgerStore {
  /** The next transaction that writes dies there. */
  crashAt(point: CrashPoint | undefined): void
  /** The database goes on with what it had received while it was frozen; answers what came of each. */
  wake(): Promise<PromiseSettledResult<unknown>[]>
}

/** A store whose process dies when a simulation says so. */
export function crashingStore(store: LedgerStore): CrashingStore {
  return dying(store, { armed: undefined, frozen: [] })
}

// A call's own view of the book dies as the book itself does.
interface State {
  armed: CrashPoint | undefined
  frozen: (() => Promise<unknown>)[]
}

function dying(store: LedgerStore, state: State): CrashingStore {
  // By the time the database does it, the call has had its answer.
  const late = () => store.until(AbortSignal.abort(away()))
  const freeze = (work: () => Promise<unknown>): never => {
    state.frozen.push(work)
    throw away()
  }
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
    wake: () => Promise.allSettled(state.frozen.splice(0).map((work) => work())),
    openHold: async (opened) => {
      const point = take()
      if (point === 'frozen') return freeze(() => late().openHold(opened))
      if (point === 'before-commit') throw new Crash(point)
      const answer = await store.openHold(opened)
      if (point === 'after-commit') throw new Crash(point)
      return answer
    },
    inTransaction: async (work) => {
      const point = take()
      if (point === 'frozen') return freeze(() => late().inTransaction(work))
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

const away = () => new AppError('unavailable', 'the database did not answer in time')
