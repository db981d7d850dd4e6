import type { ImageJobFact, StoredPart } from '@sluice/contracts/events'
import type { ImageFacts } from '@sluice/contracts/image-request'
import { unreachable } from '@sluice/kernel/assert'

import type { JobFailure } from './image-job.ts'
import type { Decision, JobRecord, PartRecord } from './job-record.ts'
import { isOpen } from './job-record.ts'
import { begin, endJob, move, refuse, requeue } from './job.ts'

/** The changes that the holder of a claim can make to its job. */
export type HolderMove =
  | { type: 'begin'; indexes: readonly number[] }
  | {
      type: 'partial'
      index: number
      /** 0, 1, …; a number that was already published changes nothing. */
      partialIndex: number
      blobKey: string
      facts: ImageFacts
    }
  /** The picture is stored. Also for a waiting part: an earlier holder may have generated it. */
  | { type: 'store'; stored: StoredPart; unconfirmedCharges?: number }
  | { type: 'fail'; index: number; failure: JobFailure; unconfirmedCharges?: number }
  /** Requeues the job with its open parts. `unconfirmedCharges` is keyed by the index of the part. */
  | { type: 'requeue'; reason: string; unconfirmedCharges: Readonly<Record<number, number>> }

/**
 * Applies the holder's moves, in order, as one change. `lost` when the fence has changed. A part ends once:
 * later ends are ignored, and a move that was already applied changes nothing, so that a batch whose result
 * is unknown can be written again.
 */
export function moveHeldJob(
  job: JobRecord,
  { fence, moves, now }: { fence: number; moves: readonly HolderMove[]; now: Date },
): Decision {
  if (job.fence !== fence) return refuse('lost')
  if (job.state !== 'claimed') return wasApplied(job, moves) ? unchanged(job) : refuse('lost')
  let next = job
  const facts: ImageJobFact[] = []
  for (const holderMove of moves) {
    const step = apply(next, holderMove, now)
    next = step.job
    facts.push(...step.facts)
    if (next.state === 'queued') break
  }
  if (next === job) return unchanged(job)
  if (next.state === 'queued') return move(next, facts, now)
  if (next.parts.some(isOpen)) return move({ ...next, heartbeatAt: now }, facts, now)
  const end = endJob(next, now)
  return move(end.job, [...facts, end.fact], now)
}

const unchanged = (job: JobRecord): Decision => ({ outcome: 'transition', job, events: [] })

interface Step {
  job: JobRecord
  facts: readonly ImageJobFact[]
}

function apply(job: JobRecord, holderMove: HolderMove, now: Date): Step {
  switch (holderMove.type) {
    case 'begin':
      return {
        job: changeParts(job, (part) =>
          part.state === 'waiting' && holderMove.indexes.includes(part.index) ? begin(part) : part,
        ),
        facts: [],
      }
    case 'partial': {
      const { type, index, partialIndex, blobKey, facts } = holderMove
      const part = job.parts[index]
      const isRequested = partialIndex < job.request.partialImages
      if (part?.state !== 'generating' || partialIndex < part.partials || !isRequested)
        return noChange(job)
      return {
        job: changePart(job, { ...part, partials: partialIndex + 1 }),
        facts: [{ type, index, partialIndex, blobKey, facts }],
      }
    }
    case 'store': {
      const { stored } = holderMove
      const part = job.parts[stored.index]
      if (!part || !isOpen(part)) return noChange(job)
      const unconfirmedCharges = part.unconfirmedCharges + (holderMove.unconfirmedCharges ?? 0)
      return {
        job: changePart(job, { ...part, state: 'stored', stored, unconfirmedCharges }),
        facts: [{ type: 'stored', part: stored }],
      }
    }
    case 'fail': {
      const { index, failure } = holderMove
      const part = job.parts[index]
      if (!part || !isOpen(part)) return noChange(job)
      const unconfirmedCharges = part.unconfirmedCharges + (holderMove.unconfirmedCharges ?? 0)
      return {
        job: changePart(job, { ...part, state: 'failed', failure, unconfirmedCharges }),
        facts: [{ type: 'part-failed', index, failure }],
      }
    }
    case 'requeue': {
      if (!job.parts.some(isOpen)) return noChange(job)
      const released = changeParts(job, (part) => {
        const charges = isOpen(part) ? (holderMove.unconfirmedCharges[part.index] ?? 0) : 0
        return charges > 0
          ? { ...part, unconfirmedCharges: part.unconfirmedCharges + charges }
          : part
      })
      const facts: ImageJobFact[] = [{ type: 'requeued', reason: holderMove.reason }]
      return { job: requeue(released, now), facts }
    }
    default:
      return unreachable(holderMove)
  }
}

const noChange = (job: JobRecord): Step => ({ job, facts: [] })

const changePart = (job: JobRecord, changed: PartRecord): JobRecord => ({
  ...job,
  parts: job.parts.map((part) => (part.index === changed.index ? changed : part)),
})

function changeParts(job: JobRecord, change: (part: PartRecord) => PartRecord): JobRecord {
  const parts = job.parts.map(change)
  return parts.every((part, index) => part === job.parts[index]) ? job : { ...job, parts }
}

// After a commit whose result was lost, the holder writes the same batch again.
function wasApplied(job: JobRecord, moves: readonly HolderMove[]): boolean {
  const ends = moves.filter(({ type }) => type !== 'begin' && type !== 'partial')
  return ends.length > 0 && ends.every((holderMove) => isApplied(job, holderMove))
}

function isApplied(job: JobRecord, holderMove: HolderMove): boolean {
  if (holderMove.type === 'store') return sameStored(job, holderMove.stored)
  return holderMove.type === 'fail' && job.parts[holderMove.index]?.state === 'failed'
}

function sameStored(job: JobRecord, stored: StoredPart): boolean {
  const known = job.parts[stored.index]?.stored
  return known?.sha256 === stored.sha256 && known.blobKey === stored.blobKey
}
