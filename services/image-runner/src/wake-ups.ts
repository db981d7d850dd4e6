import type { BusEvent } from '@sluice/contracts/events'

/** Somebody said that a job waits: its submitter, the outbox, a runner that gave it back, or the sweep. */
export interface WakeUp {
  jobId: string
  model: string
  wallet: string
  waiting: number
  again: boolean
  /** Aborts when the job is not to be begun any more. */
  signal: AbortSignal
}

/** The jobs that this runner was told of and is not done with. A job is in hand once. */
export interface WakeUps {
  readonly size: number
  /** False when the job is in hand already, or nothing new is begun. */
  take(hint: BusEvent<'image-job-queued'>): boolean
  /** Lets go of a job that was not claimed yet. */
  drop(jobId: string): void
  dropAll(): void
  /** Resolves when no job is in hand. */
  empty(): Promise<void>
}

export function createWakeUps({
  run,
  onLetGo,
}: {
  run: (wake: WakeUp) => Promise<void>
  /** Called when a job is no longer in hand. */
  onLetGo: () => void
}): WakeUps {
  const inHand = new Map<string, { drop: AbortController; done: Promise<void> }>()
  let closed = false

  const drop = (jobId: string) => inHand.get(jobId)?.drop.abort(new Error('the job was dropped'))

  return {
    get size() {
      return inHand.size
    },
    take: ({ jobId, model, wallet = '', waiting = 1, again = false }) => {
      if (closed || inHand.has(jobId)) return false
      const drop = new AbortController()
      const done = run({ jobId, model, wallet, waiting, again, signal: drop.signal }).finally(
        () => {
          inHand.delete(jobId)
          onLetGo()
        },
      )
      inHand.set(jobId, { drop, done })
      return true
    },
    drop,
    dropAll: () => {
      closed = true
      for (const jobId of inHand.keys()) drop(jobId)
    },
    empty: async () => {
      while (inHand.size > 0) await Promise.all([...inHand.values()].map(({ done }) => done))
    },
  }
}
