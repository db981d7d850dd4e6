/**
 * Holds that are to be given back and could not be, or of which it is not known whether they were opened:
 * billing was away, or its answer came too late. Kept in memory and tried until billing says that it is
 * done; what this process takes with it when it dies, billing finds by itself (`void-unused-holds.ts`).
 */
import type { Billing } from '@sluice/contracts/billing.contract'
import type { Clock } from '@sluice/kernel/clock'
import { startDeadline } from '@sluice/kernel/deadline'
import type { Log } from '@sluice/kernel/log'

const VOID_WITHIN_MS = 5_000
/** A call whose caller gave up may still be on its way to billing; so long after, it is not. */
const UNKNOWN_AGAIN_MS = 30_000
const WAITING_MAX = 10_000
const BATCH_MAX = 200

export interface HoldReturns {
  /** Gives a hold back, a job's only if the job was not written. */
  add(hold: ReturnedHold): void
  /** Tries what is due. Called every second. */
  backgroundTasks(): Promise<void>
  waiting(): number
}

export interface ReturnedHold {
  /** Whose hold; a job's unless said. */
  purpose?: 'job' | 'allowance'
  /** The job's or the allowance's id. */
  ref: string
  reason: string
  /** Whether it was opened is not known: then it is asked for twice. */
  unknown?: boolean
}

export function createHoldReturns({
  billing,
  clock,
  log,
}: {
  billing: Pick<Billing, 'voidHold' | 'closeAllowance'>
  clock: Clock
  log: Log
}): HoldReturns {
  const waiting = new Map<string, ReturnedHold & { dueMs: number }>()

  const give = async ({ purpose, ref, reason }: ReturnedHold) => {
    const deadline = startDeadline(clock, VOID_WITHIN_MS)
    const { signal } = deadline
    try {
      if (purpose === 'allowance') await billing.closeAllowance({ allowanceId: ref }, { signal })
      else await billing.voidHold({ ref, reason, unlessSubmitted: true }, { signal })
    } finally {
      deadline.clear()
    }
  }

  return {
    add(hold) {
      if (waiting.size >= WAITING_MAX) {
        log.warn({ ref: hold.ref }, 'too many holds wait; billing ends this one by its own task')
        return
      }
      waiting.set(hold.ref, { ...hold, dueMs: clock.monotonicMs() })
    },
    async backgroundTasks() {
      const nowMs = clock.monotonicMs()
      const due = [...waiting.values()].filter(({ dueMs }) => dueMs <= nowMs).slice(0, BATCH_MAX)
      for (const hold of due) {
        try {
          await give(hold)
        } catch (err) {
          // Billing is probably away, so no other is tried now. This one is tried last next time, so that a
          // hold that billing refuses for ever does not keep the others waiting.
          if (waiting.get(hold.ref) === hold && waiting.delete(hold.ref))
            waiting.set(hold.ref, hold)
          log.warn({ err, holds: waiting.size }, 'holds that are to be given back wait for billing')
          return
        }
        // Added anew meanwhile: then it is due once more.
        if (waiting.get(hold.ref) !== hold) continue
        waiting.delete(hold.ref)
        if (hold.unknown)
          waiting.set(hold.ref, { ...hold, unknown: false, dueMs: nowMs + UNKNOWN_AGAIN_MS })
      }
    },
    waiting: () => waiting.size,
  }
}
