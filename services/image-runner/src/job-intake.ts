import type { BusEvent } from '@sluice/contracts/events'

/** A hint that a job is queued: from its submitter, the outbox, a runner that requeued it, or the sweep. */
export interface JobHint {
  jobId: string
  model: string
  wallet: string
  waiting: number
  again: boolean
  /** Aborts when the job must not be claimed any more. */
  signal: AbortSignal
}

/** Runs the jobs that this runner has received a hint for; each job at most once at a time. */
export interface JobIntake {
  readonly size: number
  /** Starts to run a job. False when it is running already, or after `dropAll`. */
  take(hint: BusEvent<'image-job-queued'>): boolean
  /** Drops a job that is not claimed yet. */
  drop(jobId: string): void
  dropAll(): void
  /** Resolves when no job is running. */
  empty(): Promise<void>
}

export function createJobIntake({
  run,
  onDone,
}: {
  run: (hint: JobHint) => Promise<void>
  /** Called after each job. */
  onDone: () => void
}): JobIntake {
  const active = new Map<string, { drop: AbortController; done: Promise<void> }>()
  let closed = false

  const drop = (jobId: string) => active.get(jobId)?.drop.abort(new Error('the job was dropped'))

  return {
    get size() {
      return active.size
    },
    take: ({ jobId, model, wallet = '', waiting = 1, again = false }) => {
      if (closed || active.has(jobId)) return false
      const drop = new AbortController()
      const done = run({ jobId, model, wallet, waiting, again, signal: drop.signal }).finally(
        () => {
          active.delete(jobId)
          onDone()
        },
      )
      active.set(jobId, { drop, done })
      return true
    },
    drop,
    dropAll: () => {
      closed = true
      for (const jobId of active.keys()) drop(jobId)
    },
    empty: async () => {
      while (active.size > 0) await Promise.all([...active.values()].map(({ done }) => done))
    },
  }
}
