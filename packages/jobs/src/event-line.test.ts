import type { ImageJobEvent } from '@sluice/contracts/events'
import { seededRandom } from '@sluice/kernel/random'
import { describe, expect, it } from 'vitest'

import { createEventLine } from './event-line.ts'
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

describe('a line of events', () => {
  it('reads the same however its events are lost, repeated and shuffled on the way', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = seededRandom(seed)
      const afterSeq = random.integer(LAST)
      const line = createEventLine(afterSeq)
      const heard: number[] = []
      const takeAll = () => {
        for (let event = line.take(); event; event = line.take()) heard.push(event.seq)
      }
      for (let steps = 0; steps < 60; steps += 1) {
        line.offer(eventOf(1 + random.integer(LAST)))
        if (random.next() < 0.5) takeAll()
      }
      expect(line.hasGap || line.isOver || line.heardSeq < LAST).toBe(true)
      for (let seq = 1; seq <= LAST; seq += 1) line.offer(eventOf(seq))
      takeAll()
      expect(heard).toEqual(Array.from({ length: LAST - afterSeq }, (_n, i) => afterSeq + 1 + i))
      expect(line.isOver).toBe(true)
    }
  })

  it('keeps a bounded number for a slow reader, who reads on from where it stopped', () => {
    const line = createEventLine(0)
    const started = (seq: number): ImageJobEvent => ({ ...eventOf(1), seq })
    for (let seq = 1; seq <= 1_000; seq += 1) line.offer(started(seq))
    expect(line.heardSeq).toBeLessThan(1_000)
    let taken = 0
    while (line.take()) taken += 1
    expect(taken).toBe(line.heardSeq)
    expect(line.offer(started(taken + 1))).toBe(true)
  })
})
