import type { ImageJobEvent } from '@sluice/contracts/events'
import type { Clock } from '@sluice/kernel/clock'
import { isAppError } from '@sluice/kernel/app-error'
import type { Log } from '@sluice/kernel/log'
import type { ClaimStore } from '@sluice/jobs/claim-store'
import type { HolderMove } from '@sluice/jobs/holder-moves'
import type { JobRecord, Transition } from '@sluice/jobs/job-record'
import { hasEnded } from '@sluice/jobs/job-record'
import { crashPoint } from '@sluice/service-kit/crash-point'

/** Why a held job is stopped. */
export type StopReason = 'lost' | 'deadline' | 'drain'

/** The abort reason of a held job's signal. */
export class Stopped extends Error {
  override readonly name = 'Stopped'
  readonly why: StopReason
  constructor(why: StopReason) {
    super(`stopped: ${why}`)
    this.why = why
  }
}

/** A job that this runner has claimed. */
export interface HeldJob {
  /** The newest known record. */
  readonly job: JobRecord
  /** Aborts with `Stopped` when generation must stop. */
  readonly signal: AbortSignal
  readonly stopped: StopReason | undefined
  stop(why: StopReason): void
  /**
   * Writes moves and publishes their events. Moves that arrive during a write are batched into the next one.
   * False when the claim is lost.
   */
  write(...moves: HolderMove[]): Promise<boolean>
  /** Clears the timer and waits until all events are published. */
  close(): Promise<void>
}

export interface HeldJobDeps {
  store: Pick<ClaimStore, 'write'>
  clock: Clock
  log: Log
  /** Never rejects. */
  announce: (job: JobRecord, events: readonly ImageJobEvent[]) => Promise<void>
}

const WRITE_RETRY_MS = 200
const WRITE_RETRY_MS_MAX = 5_000
/** How long after its deadline a job may still be written; later, a background task fails it. */
const WRITE_LATE_MAX_MS = 10_000

interface Waiting {
  moves: readonly HolderMove[]
  settle: (held: boolean) => void
}

/** Creates the held job of a new claim; publishes the events of the claim. */
export function holdJob(deps: HeldJobDeps, claimed: Transition): HeldJob {
  const { store, clock, log, announce } = deps
  const controller = new AbortController()
  let { job } = claimed
  let stopped: StopReason | undefined
  let waiting: Waiting[] = []
  let writing: Promise<void> | undefined
  let publishing = announce(job, claimed.events)

  const stop = (why: StopReason) => {
    // `lost` is final and overrides the other reasons.
    if (stopped === 'lost' || (stopped && why !== 'lost')) return
    stopped = why
    controller.abort(new Stopped(why))
  }
  const cancelDeadline = clock.after(job.deadlineAt.getTime() - clock.nowMs(), () =>
    stop('deadline'),
  )

  const writeAll = async () => {
    for (let batch = take(); batch.length > 0; batch = take()) {
      const moves = batch.flatMap((one) => one.moves)
      const held = stopped !== 'lost' && (await writePersistently(moves))
      for (const { settle } of batch) settle(held)
    }
    writing = undefined
  }
  const take = () => {
    const batch = waiting
    waiting = []
    return batch
  }

  const writePersistently = async (moves: readonly HolderMove[]): Promise<boolean> => {
    for (let retryMs = WRITE_RETRY_MS; ; retryMs = Math.min(retryMs * 2, WRITE_RETRY_MS_MAX)) {
      try {
        const transition = await store.write({ held: job, moves, now: clock.now() })
        if (transition === 'lost') {
          log.warn({ jobId: job.id, fence: job.fence }, 'the claim of the job was lost')
          stop('lost')
          return false
        }
        if (hasEnded(transition.job)) crashPoint('runner-after-end')
        job = transition.job
        // In order, and concurrently with the next write.
        publishing = publishing.then(() => announce(transition.job, transition.events))
        return true
      } catch (err) {
        const late = clock.nowMs() > job.deadlineAt.getTime() + WRITE_LATE_MAX_MS
        if (late || stopped === 'lost' || !isAppError(err, 'unavailable')) {
          // The next holder finds the stored blobs.
          log.error({ err, jobId: job.id }, 'the job could not be written; giving up its claim')
          stop('lost')
          return false
        }
        log.warn({ err, jobId: job.id, retryMs }, 'the job could not be written; retrying')
        await clock.sleep(retryMs)
      }
    }
  }

  return {
    get job() {
      return job
    },
    signal: controller.signal,
    get stopped() {
      return stopped
    },
    stop,
    write: (...moves) =>
      new Promise((settle) => {
        waiting.push({ moves, settle })
        writing ??= writeAll()
      }),
    close: async () => {
      cancelDeadline()
      await writing
      await publishing
    },
  }
}
