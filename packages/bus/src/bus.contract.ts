import type { BusEvent } from '@sluice/contracts/events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { jobId, upTo } from './testing/bus-harness.ts'
import type { BusHarness } from './testing/bus-harness.ts'
import { mailbox } from './testing/mailbox.ts'

/** The guarantees of every bus implementation for topics: `announce` and `subscribe`. */
export function busContract(make: () => Promise<BusHarness>): void {
  let fixture: BusHarness
  beforeEach(async () => {
    fixture = await make()
  })
  afterEach(() => fixture.dispose())

  describe('topics', () => {
    test('every subscriber receives every event, in order', async () => {
      const [one, other] = [mailbox<string>(), mailbox<string>()]
      await fixture.bus.subscribe('image-job-cancelled', (event) => one.put(event.jobId))
      const service = await fixture.connect()
      await service.subscribe('image-job-cancelled', async (event) => other.put(event.jobId))
      for (const index of upTo(50)) {
        await fixture.bus.announce('image-job-cancelled', { jobId: jobId(index) })
      }
      expect(await one.take(50)).toEqual(upTo(50).map(jobId))
      expect(await other.take(50)).toEqual(upTo(50).map(jobId))
    })

    test('an event announced before the subscription or after its end is not received', async () => {
      const [early, steady] = [mailbox<string>(), mailbox<string>()]
      await fixture.bus.subscribe('image-job-cancelled', (event) => steady.put(event.jobId))
      await fixture.bus.announce('image-job-cancelled', { jobId: jobId(0) })
      await steady.take(1)
      const end = await fixture.bus.subscribe('image-job-cancelled', (event) =>
        early.put(event.jobId),
      )
      await fixture.bus.announce('image-job-cancelled', { jobId: jobId(1) })
      expect(await early.take(1)).toEqual([jobId(1)])
      await end()
      await fixture.bus.announce('image-job-cancelled', { jobId: jobId(2) })
      await steady.take(2)
      expect(early.received).toEqual([jobId(1)])
    })

    test('a failing subscriber is counted and affects neither other subscribers nor later events', async () => {
      const received = mailbox<string>()
      await fixture.bus.subscribe('image-job-cancelled', () => {
        throw new Error('broken')
      })
      await fixture.bus.subscribe('image-job-cancelled', async () => {
        throw new Error('broken later')
      })
      await fixture.bus.subscribe('image-job-cancelled', (event) => received.put(event.jobId))
      for (const index of upTo(2)) {
        await fixture.bus.announce('image-job-cancelled', { jobId: jobId(index) })
      }
      expect(await received.take(2)).toEqual([jobId(0), jobId(1)])
      expect(fixture.incidents).toContainEqual(['receiver-failed', 'image-job-cancelled'])
    })

    test('dates and numbers keep their types', async () => {
      const received = mailbox<BusEvent<'image-job-event'>>()
      await fixture.bus.subscribe('image-job-event', (event) => received.put(event))
      const event: BusEvent<'image-job-event'> = {
        jobId: jobId(1),
        seq: 3,
        at: new Date('2026-11-21T09:00:00.123Z'),
        fact: { type: 'started', attempt: 1 },
      }
      await fixture.bus.announce('image-job-event', event)
      expect(await received.take(1)).toEqual([event])
    })

    test('a payload that does not match its schema is counted and dropped; the next is received', async () => {
      const received = mailbox<string>()
      await fixture.bus.subscribe('image-job-cancelled', (event) => received.put(event.jobId))
      await fixture.inject('image-job-cancelled', '{"jobId":"../../etc"}')
      await fixture.inject('image-job-cancelled', 'no JSON {')
      await fixture.bus.announce('image-job-cancelled', { jobId: jobId(1) })
      expect(await received.take(1)).toEqual([jobId(1)])
      expect(fixture.incidents).toEqual(upTo(2).map(() => ['poison', 'image-job-cancelled']))
    })

    test('an event that does not match its schema is rejected before it is sent', async () => {
      const announced = fixture.bus.announce('image-job-cancelled', { jobId: 'not-a-job-id' })
      await expect(announced).rejects.toMatchObject({ code: 'internal_error' })
    })
  })
}
