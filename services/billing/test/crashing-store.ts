import { AppError } from '@sluice/kernel/app-error'

import type { LedgerStore } from '../src/store/ledger-store.ts'

/**
 * Where the process dies in its next transaction: before or after the commit. `frozen`: the database receives
 * the transaction, and the call times out before the database resumes and executes it.
 */
export type CrashPoint = 'before-commit' | 'after-commit' | 'frozen'

export class Crash extends Error {
  override readonly name = 'Crash'
}

export interface CrashingStore extends LedgerStore {
  /** The next writing transaction crashes at this point. */
  crashAt(point: CrashPoint | undefined): void
  /** The database executes the transactions that it received while frozen; returns their outcomes. */
  resume(): Promise<PromiseSettledResult<unknown>[]>
}

/** A store whose transactions crash at points that a simulation sets. */
export function crashingStore(store: LedgerStore): CrashingStore {
  return withCrashes(store, { armed: undefined, frozen: [] })
}

// Shared by a store and its views for single calls (`withSignal`).
interface State {
  armed: CrashPoint | undefined
  frozen: (() => Promise<unknown>)[]
}

function withCrashes(store: LedgerStore, state: State): CrashingStore {
  // When the database executes it, the call has timed out.
  const late = () => store.withSignal(AbortSignal.abort(timeoutError()))
  const freeze = (work: () => Promise<unknown>): never => {
    state.frozen.push(work)
    throw timeoutError()
  }
  const take = () => {
    const point = state.armed
    state.armed = undefined
    return point
  }
  return {
    ...store,
    withSignal: (signal) => withCrashes(store.withSignal(signal), state),
    crashAt: (point) => {
      state.armed = point
    },
    resume: () => Promise.allSettled(state.frozen.splice(0).map((work) => work())),
    openHold: async (opened) => {
      const point = take()
      if (point === 'frozen') return freeze(() => late().openHold(opened))
      if (point === 'before-commit') throw new Crash(point)
      const result = await store.openHold(opened)
      if (point === 'after-commit') throw new Crash(point)
      return result
    },
    inTransaction: async (work) => {
      const point = take()
      if (point === 'frozen') return freeze(() => late().inTransaction(work))
      const result = await store.inTransaction(async (tx) => {
        const result = await work(tx)
        if (point === 'before-commit') throw new Crash(point)
        return result
      })
      if (point === 'after-commit') throw new Crash(point)
      return result
    },
  }
}

const timeoutError = () => new AppError('unavailable', 'the database did not answer in time')
