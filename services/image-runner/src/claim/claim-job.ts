import type { Transition } from '@sluice/jobs/job-record'
import { crashPoint } from '@sluice/service-kit/crash-point'

import type { RunnerContext } from '../deps.ts'
import type { Slot } from '../slots/slot.ts'
import type { JobHint } from '../job-intake.ts'
import type { FoundBlob } from './find-stored.ts'
import { findStored } from './find-stored.ts'
import { takeSlots } from './take-slots.ts'

export interface Claimed {
  transition: Transition
  /** The slot of each started part, by its index. */
  slots: Map<number, Slot>
  /** Pictures that an earlier holder had stored. */
  found: FoundBlob[]
  /** Why no upstream can serve this job; undefined when one may. */
  unservable: string | undefined
}

/**
 * Claims a job with a slot for as many of its pictures as possible now. Slots are acquired before the claim:
 * a job that waits for a slot stays queued, and is not lost with a runner. Undefined when the job was not
 * claimed.
 */
export async function claimJob(
  context: RunnerContext,
  hint: JobHint,
): Promise<Claimed | undefined> {
  const { store, clock, runner } = context
  const { jobId } = hint
  const found = hint.again ? await findStored(context, jobId) : []
  const taken =
    found.length > 0 ? { outcome: 'not-needed' as const } : await takeSlots(context, hint)
  if (taken.outcome === 'not-claimed') return undefined
  const slots = taken.outcome === 'taken' ? taken.slots : []
  try {
    crashPoint('runner-before-claim')
    const fresh = hint.again ? undefined : { count: hint.waiting }
    const now = clock.now()
    const transition = await store.claim({ jobId, runner, slots: slots.length, now, fresh })
    crashPoint('runner-after-claim')
    if (!transition) return undefined
    const started = transition.job.parts.filter(({ state }) => state === 'generating')
    const entries = started.flatMap(({ index }) => {
      const slot = slots.shift()
      return slot ? [[index, slot] as const] : []
    })
    const unservable = taken.outcome === 'unservable' ? taken.reason : undefined
    return { transition, slots: new Map(entries), found, unservable }
  } finally {
    // The slots that the job did not use.
    for (const slot of slots) slot.free()
  }
}
