/**
 * Holds to void whose call failed, or of which it is unknown whether they were opened: billing was
 * unavailable, or its answer came too late. Kept in memory and retried until billing confirms. What is lost
 * when this process dies is voided by billing's own task (`void-unused-holds.ts`). Not a batch sender: each
 * hold is a call of its own, is due at a time of its own, and waits once however often it is added.
 */
import type { Billing } from '@sluice/contracts/billing.contract'
import type { Clock } from '@sluice/kernel/clock'
import { startDeadline } from '@sluice/kernel/deadline'
import type { Log } from '@sluice/kernel/log'

const VOID_WITHIN_MS = 5_000
/** A call that the caller aborted may still reach billing; after this time it no longer can. */
const UNKNOWN_AGAIN_MS = 30_000
const WAITING_MAX = 10_000
const BATCH_MAX = 200

export interface HoldReturns {
  /** Queues a hold to void; a job's hold is voided only if the job was not written. */
  add(hold: ReturnedHold): void
  /** Retries what is due. Called every second. */
  backgroundTasks(): Promise<void>
  waiting(): number
}

export interface ReturnedHold {
  /** What the hold is for; by default a job. */
  purpose?: 'job' | 'allowance'
  /** The job's or the allowance's id. */
  ref: string
  reason: string
  /** It is unknown whether the hold was opened: then it is voided twice. */
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

  const release = async ({ purpose, ref, reason }: ReturnedHold) => {
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
        log.warn({ ref: hold.ref }, 'too many holds wait; billing voids this one by its own task')
        return
      }
      waiting.set(hold.ref, { ...hold, dueMs: clock.monotonicMs() })
    },
    async backgroundTasks() {
      const nowMs = clock.monotonicMs()
      const due = [...waiting.values()].filter(({ dueMs }) => dueMs <= nowMs).slice(0, BATCH_MAX)
      for (const hold of due) {
        try {
          await release(hold)
        } catch (err) {
          // Billing is probably unavailable, so the rest are not tried now. This one is tried last next time,
          // so that a hold that billing always rejects does not delay the others.
          if (waiting.get(hold.ref) === hold && waiting.delete(hold.ref))
            waiting.set(hold.ref, hold)
          log.warn({ err, holds: waiting.size }, 'holds to void wait for billing')
          return
        }
        // Added again in the meantime: then it is due again.
        if (waiting.get(hold.ref) !== hold) continue
        waiting.delete(hold.ref)
        if (hold.unknown)
          waiting.set(hold.ref, { ...hold, unknown: false, dueMs: nowMs + UNKNOWN_AGAIN_MS })
      }
    },
    waiting: () => waiting.size,
  }
}
