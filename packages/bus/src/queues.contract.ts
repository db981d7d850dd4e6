import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { jobId, queued, queueOptions, upTo } from './testing/bus-harness.ts'
import type { BusHarness } from './testing/bus-harness.ts'
import { mailbox } from './testing/mailbox.ts'

/** The guarantees of every bus implementation for queues: `announce` and `consume`. */
export function queuesContract(make: () => Promise<BusHarness>): void {
  let fixture: BusHarness
  beforeEach(async () => {
    fixture = await make()
  })
  afterEach(() => fixture.dispose())

  describe('queues', () => {
    test('each message reaches one consumer of each group', async () => {
      const [runners, auditors] = [mailbox<string>(), mailbox<string>()]
      const service = await fixture.connect()
      for (const bus of [fixture.bus, service]) {
        await bus.consume('image-job-queued', queueOptions, async (event) =>
          runners.put(event.jobId),
        )
      }
      const audit = { ...queueOptions, group: 'auditor' }
      await service.consume('image-job-queued', audit, async (event) => auditors.put(event.jobId))
      for (const index of upTo(30)) await fixture.bus.announce('image-job-queued', queued(index))
      expect((await runners.take(30)).sort()).toEqual(upTo(30).map(jobId))
      expect((await auditors.take(30)).sort()).toEqual(upTo(30).map(jobId))
      expect(runners.received).toHaveLength(30)
    })

    test('a message announced before its consumer started is delivered', async () => {
      for (const index of upTo(10)) await fixture.bus.announce('image-job-queued', queued(index))
      const received = mailbox<string>()
      await fixture.bus.consume('image-job-queued', queueOptions, async (event) =>
        received.put(event.jobId),
      )
      expect((await received.take(10)).sort()).toEqual(upTo(10).map(jobId))
    })

    test('a message whose consumer failed is redelivered after a delay', async () => {
      const tries = mailbox<string>()
      await fixture.bus.consume('image-job-queued', queueOptions, async (event) => {
        tries.put(event.jobId)
        if (tries.received.length === 1) throw new Error('not now')
      })
      await fixture.bus.announce('image-job-queued', queued(1))
      await tries.take(1)
      await fixture.pass(1_000)
      expect(await tries.take(2)).toEqual([jobId(1), jobId(1)])
      expect(fixture.incidents).toContainEqual(['redelivered', 'image-job-queued'])
    })

    test('a message that is not acknowledged in time is redelivered, and its first signal aborts', async () => {
      const tries = mailbox<AbortSignal>()
      const shortLimit = { ...queueOptions, ackWithinMs: 400 }
      await fixture.bus.consume('image-job-queued', shortLimit, async (_, signal) => {
        tries.put(signal)
        if (tries.received.length === 1) await new Promise(() => undefined)
      })
      await fixture.bus.announce('image-job-queued', queued(1))
      await tries.take(1)
      await fixture.pass(1_000)
      const [first, second] = await tries.take(2)
      expect(first?.aborted).toBe(true)
      expect(second?.aborted).toBe(false)
    })

    test('a message that fails at every delivery is dropped and counted; later ones are delivered', async () => {
      const tries = mailbox<string>()
      const twice = { ...queueOptions, deliveriesMax: 2 }
      await fixture.bus.consume('image-job-queued', twice, async (event) => {
        tries.put(event.jobId)
        if (event.jobId === jobId(1)) throw new Error('never')
      })
      await fixture.bus.announce('image-job-queued', queued(1))
      await tries.take(1)
      await fixture.pass(1_000)
      await tries.take(2)
      await fixture.bus.announce('image-job-queued', queued(2))
      expect(await tries.take(3)).toEqual([jobId(1), jobId(1), jobId(2)])
      expect(fixture.incidents).toContainEqual(['given-up', 'image-job-queued'])
    })

    test('a payload that does not match its schema is counted and never reaches the consumer', async () => {
      const received = mailbox<string>()
      await fixture.inject('image-job-queued', '{"jobId":7}')
      await fixture.bus.consume('image-job-queued', queueOptions, async (event) =>
        received.put(event.jobId),
      )
      await fixture.bus.announce('image-job-queued', queued(1))
      expect(await received.take(1)).toEqual([jobId(1)])
      expect(fixture.incidents).toEqual([['poison', 'image-job-queued']])
    })

    test('a consumer never runs more messages than its limit', async () => {
      const started = mailbox<string>()
      const releases: (() => void)[] = []
      let [running, most] = [0, 0]
      const two = { ...queueOptions, inFlightMax: 2 }
      await fixture.bus.consume('image-job-queued', two, async (event) => {
        running += 1
        most = Math.max(most, running)
        await new Promise<void>((resolve) => {
          releases.push(resolve)
          started.put(event.jobId)
        })
        running -= 1
      })
      for (const index of upTo(12)) await fixture.bus.announce('image-job-queued', queued(index))
      for (const index of upTo(12)) {
        await started.take(index + 1)
        releases[index]?.()
      }
      expect(most).toBe(2)
    })

    test('after a consumer ends, the other consumers of its group get all messages', async () => {
      const [ended, active] = [mailbox<string>(), mailbox<string>()]
      const service = await fixture.connect()
      const end = await service.consume('image-job-queued', queueOptions, async (event) =>
        ended.put(event.jobId),
      )
      await end()
      await fixture.bus.consume('image-job-queued', queueOptions, async (event) =>
        active.put(event.jobId),
      )
      for (const index of upTo(10)) await fixture.bus.announce('image-job-queued', queued(index))
      expect((await active.take(10)).sort()).toEqual(upTo(10).map(jobId))
      expect(ended.received).toEqual([])
    })
  })
}
