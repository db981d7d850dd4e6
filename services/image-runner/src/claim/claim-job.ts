import type { Transition } from '@sluice/jobs/job-record'
import { crashPoint } from '@sluice/service-kit/crash-point'

import type { RunnerContext } from '../deps.ts'
import type { Slot } from '../slots/slot.ts'
import type { WakeUp } from '../wake-ups.ts'
import type { FoundBlob } from './find-stored.ts'
import { findStored } from './find-stored.ts'
import { takeSlots } from './take-slots.ts'

export interface Claimed {
  moved: Transition
  /** A place for each part that was begun, by its index. */
  slots: Map<number, Slot>
  /** Pictures that an earlier holder had stored. */
  found: FoundBlob[]
  /** Why nothing will ever draw this job; undefined as long as there is hope. */
  hopeless: string | undefined
}

/**
 * Takes a job, with a place for as many of its pictures as are free now. The places come first: a job
 * that waits for one is queued, and belongs to nobody who could die with it. Undefined when the job
 * is left where it is.
 */
export async function claimJob(context: RunnerContext, wake: WakeUp): Promise<Claimed | undefined> {
  const { store, clock, runner } = context
  const { jobId } = wake
  const found = wake.again ? await findStored(context, jobId) : []
  const taken =
    found.length > 0 ? { outcome: 'none-needed' as const } : await takeSlots(context, wake)
  if (taken.outcome === 'left') return undefined
  const slots = taken.outcome === 'taken' ? taken.slots : []
  try {
    crashPoint('runner-before-claim')
    const fresh = wake.again ? undefined : { count: wake.waiting }
    const now = clock.now()
    const moved = await store.claim({ jobId, runner, slots: slots.length, now, fresh })
    crashPoint('runner-after-claim')
    if (!moved) return undefined
    const begun = moved.job.parts.filter(({ state }) => state === 'generating')
    const placed = begun.flatMap(({ index }) => {
      const slot = slots.shift()
      return slot ? [[index, slot] as const] : []
    })
    const hopeless = taken.outcome === 'hopeless' ? taken.reason : undefined
    return { moved, slots: new Map(placed), found, hopeless }
  } finally {
    // Those that the job had no use for.
    for (const slot of slots) slot.free()
  }
}
