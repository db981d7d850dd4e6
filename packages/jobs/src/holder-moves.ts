import type { ImageJobFact, StoredPart } from '@sluice/contracts/events'
import type { ImageFacts } from '@sluice/contracts/image-request'
import { unreachable } from '@sluice/kernel/assert'

import type { JobFailure } from './image-job.ts'
import type { Decision, JobRecord, PartRecord } from './job-record.ts'
import { isOpen } from './job-record.ts'
import { begin, endJob, move, refuse, requeue } from './job.ts'

/** What the holder of a claim may do to its job. */
export type HolderMove =
  | { type: 'begin'; indexes: readonly number[] }
  | {
      type: 'partial'
      index: number
      /** 0, 1, …; a number that was announced before changes nothing. */
      partialIndex: number
      blobKey: string
      facts: ImageFacts
    }
  /** The picture is stored. Also of a waiting part: an earlier holder may have drawn it. */
  | { type: 'keep'; stored: StoredPart; unconfirmedCharges?: number }
  | { type: 'fail'; index: number; failure: JobFailure; unconfirmedCharges?: number }
  /** Back to the queue with what is open. `unconfirmedCharges` are by index of the part. */
  | { type: 'give-back'; reason: string; unconfirmedCharges: Readonly<Record<number, number>> }

/**
 * Applies the holder's moves, in order, as one change. `lost` when the claim is no longer this one.
 * A part ends once: the first end of it counts, and a move that finds its work done changes nothing,
 * so that a batch whose fate was unknown may be written again.
 */
export function moveHeldJob(
  job: JobRecord,
  { fence, moves, now }: { fence: number; moves: readonly HolderMove[]; now: Date },
): Decision {
  if (job.fence !== fence) return refuse('lost')
  if (job.state !== 'claimed') return wasDone(job, moves) ? unchanged(job) : refuse('lost')
  let next = job
  const facts: ImageJobFact[] = []
  for (const one of moves) {
    const step = apply(next, one, now)
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

const unchanged = (job: JobRecord): Decision => ({ outcome: 'moved', job, events: [] })

interface Step {
  job: JobRecord
  facts: readonly ImageJobFact[]
}

function apply(job: JobRecord, one: HolderMove, now: Date): Step {
  switch (one.type) {
    case 'begin':
      return {
        job: changeParts(job, (part) =>
          part.state === 'waiting' && one.indexes.includes(part.index) ? begin(part) : part,
        ),
        facts: [],
      }
    case 'partial': {
      const { type, index, partialIndex, blobKey, facts } = one
      const part = job.parts[index]
      const wanted = partialIndex < job.request.partialImages
      if (part?.state !== 'generating' || partialIndex < part.partials || !wanted) return still(job)
      return {
        job: changePart(job, { ...part, partials: partialIndex + 1 }),
        facts: [{ type, index, partialIndex, blobKey, facts }],
      }
    }
    case 'keep': {
      const { stored } = one
      const part = job.parts[stored.index]
      if (!part || !isOpen(part)) return still(job)
      const unconfirmedCharges = part.unconfirmedCharges + (one.unconfirmedCharges ?? 0)
      return {
        job: changePart(job, { ...part, state: 'stored', stored, unconfirmedCharges }),
        facts: [{ type: 'stored', part: stored }],
      }
    }
    case 'fail': {
      const { index, failure } = one
      const part = job.parts[index]
      if (!part || !isOpen(part)) return still(job)
      const unconfirmedCharges = part.unconfirmedCharges + (one.unconfirmedCharges ?? 0)
      return {
        job: changePart(job, { ...part, state: 'failed', failure, unconfirmedCharges }),
        facts: [{ type: 'part-failed', index, failure }],
      }
    }
    case 'give-back': {
      if (!job.parts.some(isOpen)) return still(job)
      const doubted = changeParts(job, (part) => {
        const losses = isOpen(part) ? (one.unconfirmedCharges[part.index] ?? 0) : 0
        return losses > 0 ? { ...part, unconfirmedCharges: part.unconfirmedCharges + losses } : part
      })
      const facts: ImageJobFact[] = [{ type: 'requeued', reason: one.reason }]
      return { job: requeue(doubted, now), facts }
    }
    default:
      return unreachable(one)
  }
}

const still = (job: JobRecord): Step => ({ job, facts: [] })

const changePart = (job: JobRecord, changed: PartRecord): JobRecord => ({
  ...job,
  parts: job.parts.map((part) => (part.index === changed.index ? changed : part)),
})

function changeParts(job: JobRecord, change: (part: PartRecord) => PartRecord): JobRecord {
  const parts = job.parts.map(change)
  return parts.every((part, index) => part === job.parts[index]) ? job : { ...job, parts }
}

// After a commit whose answer got lost, the holder writes the same batch again.
function wasDone(job: JobRecord, moves: readonly HolderMove[]): boolean {
  const ends = moves.filter(({ type }) => type !== 'begin' && type !== 'partial')
  return ends.length > 0 && ends.every((one) => isDone(job, one))
}

function isDone(job: JobRecord, one: HolderMove): boolean {
  if (one.type === 'keep') return sameStored(job, one.stored)
  return one.type === 'fail' && job.parts[one.index]?.state === 'failed'
}

function sameStored(job: JobRecord, stored: StoredPart): boolean {
  const known = job.parts[stored.index]?.stored
  return known?.sha256 === stored.sha256 && known.blobKey === stored.blobKey
}
