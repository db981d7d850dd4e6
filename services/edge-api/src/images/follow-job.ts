import type { ImageJobEvent, ImageJobFact } from '@sluice/contracts/events'
import type { MissedPart } from '@sluice/protocol/images/image-answer'

import type { JobEnd } from './job-end.ts'
import { endOfFacts, missedPart } from './job-end.ts'

type Fact<Type extends ImageJobFact['type']> = Extract<ImageJobFact, { type: Type }>

/**
 * Callbacks of one response mode. Each is awaited, so that a slow reader applies backpressure to the events.
 */
export interface FollowOptions {
  events: AsyncIterable<ImageJobEvent>
  /** Aborts when the wait ends, with the reason to throw. */
  signal: AbortSignal
  onPartial?: (fact: Fact<'partial'>, at: Date) => Promise<void>
  onStored?: (fact: Fact<'stored'>, at: Date) => Promise<void>
  onMissed?: (missed: MissedPart, at: Date) => Promise<void>
}

/**
 * Follows a job to its end. Rejects with the signal's reason when that comes first; undefined when the
 * events stop before the job ends, because this process is stopping.
 */
export async function followJob(options: FollowOptions): Promise<JobEnd | undefined> {
  const { events, signal, onPartial, onStored, onMissed } = options
  const missed = new Map<number, MissedPart>()
  let started = false
  for await (const { fact, at } of events) {
    signal.throwIfAborted()
    switch (fact.type) {
      case 'started':
        started = true
        break
      case 'partial':
        await onPartial?.(fact, at)
        break
      case 'stored':
        await onStored?.(fact, at)
        break
      case 'part-failed': {
        const part = missedPart(fact.index, fact.failure)
        missed.set(fact.index, part)
        await onMissed?.(part, at)
        break
      }
      case 'ended':
        return endOfFacts(fact, { missed: [...missed.values()], started })
      case 'queued':
      case 'requeued':
        break
    }
  }
  signal.throwIfAborted()
  return undefined
}
