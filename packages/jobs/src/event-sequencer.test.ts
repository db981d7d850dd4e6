import type { ImageJobEvent } from '@sluice/contracts/events'
import { seededRandom } from '@sluice/kernel/random'
import { describe, expect, it } from 'vitest'

import { createEventSequencer } from './event-sequencer.ts'
import { sampleId } from './testing/sample-job.ts'

const LAST = 12
const eventOf = (seq: number): ImageJobEvent => ({
  jobId: sampleId('img', 1),
  seq,
  at: new Date(0),
  fact:
    seq === LAST
      ? { type: 'ended', state: 'failed', parts: [], failure: { code: 'x', message: 'x' } }
      : { type: 'started', attempt: 1 },
})

describe('the event sequencer', () => {
  it('returns the events once and in order, although they are lost, repeated and reordered', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = seededRandom(seed)
      const afterSeq = random.integer(LAST)
      const sequencer = createEventSequencer(afterSeq)
      const received: number[] = []
      const takeAll = () => {
        for (let event = sequencer.take(); event; event = sequencer.take()) received.push(event.seq)
      }
      for (let steps = 0; steps < 60; steps += 1) {
        sequencer.offer(eventOf(1 + random.integer(LAST)))
        if (random.next() < 0.5) takeAll()
      }
      expect(sequencer.hasGap || sequencer.isOver || sequencer.contiguousSeq < LAST).toBe(true)
      for (let seq = 1; seq <= LAST; seq += 1) sequencer.offer(eventOf(seq))
      takeAll()
      expect(received).toEqual(Array.from({ length: LAST - afterSeq }, (_n, i) => afterSeq + 1 + i))
      expect(sequencer.isOver).toBe(true)
    }
  })

  it('buffers a bounded number of events for a slow reader, which continues where it stopped', () => {
    const sequencer = createEventSequencer(0)
    const started = (seq: number): ImageJobEvent => ({ ...eventOf(1), seq })
    for (let seq = 1; seq <= 1_000; seq += 1) sequencer.offer(started(seq))
    expect(sequencer.contiguousSeq).toBeLessThan(1_000)
    let taken = 0
    while (sequencer.take()) taken += 1
    expect(taken).toBe(sequencer.contiguousSeq)
    expect(sequencer.offer(started(taken + 1))).toBe(true)
  })
})
