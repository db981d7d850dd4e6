import type { Moved } from '@sluice/jobs/job-record'
import { crashPoint } from '@sluice/service-kit/crash-point'

import type { RunnerParts } from '../deps.ts'
import type { Place } from '../places/place.ts'
import type { WakeUp } from '../wake-ups.ts'
import type { FoundBlob } from './find-stored.ts'
import { findStored } from './find-stored.ts'
import { takePlaces } from './take-places.ts'

export interface Claimed {
  moved: Moved
  /** A place for each part that was begun, by its index. */
  places: Map<number, Place>
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
export async function claimJob(parts: RunnerParts, wake: WakeUp): Promise<Claimed | undefined> {
  const { store, clock, runner } = parts
  const { jobId } = wake
  const found = wake.again ? await findStored(parts, jobId) : []
  const taken =
    found.length > 0 ? { outcome: 'none-needed' as const } : await takePlaces(parts, wake)
  if (taken.outcome === 'left') return undefined
  const places = taken.outcome === 'taken' ? taken.places : []
  try {
    crashPoint('runner-before-claim')
    const fresh = wake.again ? undefined : { count: wake.waiting }
    const now = clock.now()
    const moved = await store.claim({ jobId, runner, places: places.length, now, fresh })
    crashPoint('runner-after-claim')
    if (!moved) return undefined
    const begun = moved.job.parts.filter(({ state }) => state === 'drawing')
    const placed = begun.flatMap(({ index }) => {
      const place = places.shift()
      return place ? [[index, place] as const] : []
    })
    const hopeless = taken.outcome === 'hopeless' ? taken.reason : undefined
    return { moved, places: new Map(placed), found, hopeless }
  } finally {
    // Those that the job had no use for.
    for (const place of places) place.free()
  }
}
