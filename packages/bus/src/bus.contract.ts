import type { UsageRecord } from '@sluice/contracts/billing.contract'
import type { BusEvent, BusEventName } from '@sluice/contracts/events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import type { BusIncident } from './bus-deps.ts'
import type { Bus, QueueOptions } from './bus.ts'
import { mailbox } from './testing/mailbox.ts'

/** One world of messages, made anew for every test. */
export interface BusHarness {
  bus: Bus
  /** Another service's bus in the same world. */
  connect(): Promise<Bus>
  /** Puts a payload on the wire as it is, past the schemas. */
  inject(name: BusEventName, text: string): Promise<void>
  /** Lets so much time pass; where time passes by itself, there is nothing to do. */
  pass(ms: number): Promise<void>
  /** What was counted so far. */
  incidents: [BusIncident, string][]
  dispose(): Promise<void>
}

const jobId = (index: number) => `img_${index.toString(16).padStart(32, '0')}`
const queued = (index: number): BusEvent<'image-job-queued'> => ({
  jobId: jobId(index),
  model: 'm',
})
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index)

const options: QueueOptions = {
  group: 'runner',
  inFlightMax: 4,
  ackWithinMs: 60_000,
  deliveriesMax: 5,
}

/** What every bus promises. */
export function busContract(make: () => Promise<BusHarness>): void {
  let world: BusHarness
  beforeEach(async () => {
    world = await make()
  })
  afterEach(() => world.dispose())

  describe('topics', () => {
    test('every subscriber hears every announcement, in order', async () => {
      const [one, other] = [mailbox<string>(), mailbox<string>()]
      await world.bus.subscribe('image-job-cancelled', (event) => one.put(event.jobId))
      const service = await world.connect()
      await service.subscribe('image-job-cancelled', async (event) => other.put(event.jobId))
      for (const index of upTo(50)) {
        await world.bus.announce('image-job-cancelled', { jobId: jobId(index) })
      }
      expect(await one.take(50)).toEqual(upTo(50).map(jobId))
      expect(await other.take(50)).toEqual(upTo(50).map(jobId))
    })

    test('what was announced before the subscription, or after its end, is not heard', async () => {
      const [early, steady] = [mailbox<string>(), mailbox<string>()]
      await world.bus.subscribe('image-job-cancelled', (event) => steady.put(event.jobId))
      await world.bus.announce('image-job-cancelled', { jobId: jobId(0) })
      await steady.take(1)
      const end = await world.bus.subscribe('image-job-cancelled', (event) =>
        early.put(event.jobId),
      )
      await world.bus.announce('image-job-cancelled', { jobId: jobId(1) })
      expect(await early.take(1)).toEqual([jobId(1)])
      await end()
      await world.bus.announce('image-job-cancelled', { jobId: jobId(2) })
      await steady.take(2)
      expect(early.received).toEqual([jobId(1)])
    })

    test('a subscriber that fails is counted, and disturbs neither others nor what follows', async () => {
      const heard = mailbox<string>()
      await world.bus.subscribe('image-job-cancelled', () => {
        throw new Error('broken')
      })
      await world.bus.subscribe('image-job-cancelled', async () => {
        throw new Error('broken later')
      })
      await world.bus.subscribe('image-job-cancelled', (event) => heard.put(event.jobId))
      for (const index of upTo(2)) {
        await world.bus.announce('image-job-cancelled', { jobId: jobId(index) })
      }
      expect(await heard.take(2)).toEqual([jobId(0), jobId(1)])
      expect(world.incidents).toContainEqual(['receiver-failed', 'image-job-cancelled'])
    })

    test('dates and numbers arrive as what they were', async () => {
      const heard = mailbox<BusEvent<'image-job-event'>>()
      await world.bus.subscribe('image-job-event', (event) => heard.put(event))
      const event: BusEvent<'image-job-event'> = {
        jobId: jobId(1),
        seq: 3,
        at: new Date('2026-11-21T09:00:00.123Z'),
        fact: { type: 'started', attempt: 1 },
      }
      await world.bus.announce('image-job-event', event)
      expect(await heard.take(1)).toEqual([event])
    })

    test('a payload that is not of its schema is counted and dropped, and the next one is heard', async () => {
      const heard = mailbox<string>()
      await world.bus.subscribe('image-job-cancelled', (event) => heard.put(event.jobId))
      await world.inject('image-job-cancelled', '{"jobId":"../../etc"}')
      await world.inject('image-job-cancelled', 'no JSON {')
      await world.bus.announce('image-job-cancelled', { jobId: jobId(1) })
      expect(await heard.take(1)).toEqual([jobId(1)])
      expect(world.incidents).toEqual(upTo(2).map(() => ['poison', 'image-job-cancelled']))
    })

    test('an event that is none is refused before it leaves', async () => {
      const announced = world.bus.announce('image-job-cancelled', { jobId: 'nobody' })
      await expect(announced).rejects.toMatchObject({ code: 'internal_error' })
    })
  })

  describe('queues', () => {
    test('each message reaches one consumer of each group', async () => {
      const [runners, auditors] = [mailbox<string>(), mailbox<string>()]
      const service = await world.connect()
      for (const bus of [world.bus, service]) {
        await bus.consume('image-job-queued', options, async (event) => runners.put(event.jobId))
      }
      const audit = { ...options, group: 'auditor' }
      await service.consume('image-job-queued', audit, async (event) => auditors.put(event.jobId))
      for (const index of upTo(30)) await world.bus.announce('image-job-queued', queued(index))
      expect((await runners.take(30)).sort()).toEqual(upTo(30).map(jobId))
      expect((await auditors.take(30)).sort()).toEqual(upTo(30).map(jobId))
      expect(runners.received).toHaveLength(30)
    })

    test('what was announced before its consumer came is delivered', async () => {
      for (const index of upTo(10)) await world.bus.announce('image-job-queued', queued(index))
      const heard = mailbox<string>()
      await world.bus.consume('image-job-queued', options, async (event) => heard.put(event.jobId))
      expect((await heard.take(10)).sort()).toEqual(upTo(10).map(jobId))
    })

    test('amounts and dates arrive as what they were', async () => {
      const heard = mailbox<BusEvent<'usage-recorded'>>()
      await world.bus.consume('usage-recorded', options, async (event) => heard.put(event))
      const hex = '0'.repeat(32)
      const record: UsageRecord = {
        requestId: `req_${hex}`,
        allowanceId: `alw_${hex}`,
        wallet: `wal_${hex}`,
        apiKeyId: 'key',
        model: 'm',
        priceId: 'p',
        usage: { kind: 'tokens', input: 7, cachedInput: 0, output: 9 },
        source: 'upstream',
        reservedMicro: 9_007_199_254_740_993n,
        amountMicro: 1n,
        upstreamLossMicro: 0n,
        endState: 'finished',
        endedAt: new Date('2026-11-21T09:00:00Z'),
      }
      await world.bus.announce('usage-recorded', { records: [record] })
      expect(await heard.take(1)).toEqual([{ records: [record] }])
    })

    test('a message whose consumer failed comes again after a rest', async () => {
      const tries = mailbox<string>()
      await world.bus.consume('image-job-queued', options, async (event) => {
        tries.put(event.jobId)
        if (tries.received.length === 1) throw new Error('not now')
      })
      await world.bus.announce('image-job-queued', queued(1))
      await tries.take(1)
      await world.pass(1_000)
      expect(await tries.take(2)).toEqual([jobId(1), jobId(1)])
      expect(world.incidents).toContainEqual(['redelivered', 'image-job-queued'])
    })

    test('a message that is not acknowledged in time comes again, and its first consumer is told', async () => {
      const tries = mailbox<AbortSignal>()
      const impatient = { ...options, ackWithinMs: 400 }
      await world.bus.consume('image-job-queued', impatient, async (_, signal) => {
        tries.put(signal)
        if (tries.received.length === 1) await new Promise(() => undefined)
      })
      await world.bus.announce('image-job-queued', queued(1))
      await tries.take(1)
      await world.pass(1_000)
      const [first, second] = await tries.take(2)
      expect(first?.aborted).toBe(true)
      expect(second?.aborted).toBe(false)
    })

    test('a message that fails at every delivery is dropped and counted, and others go on', async () => {
      const tries = mailbox<string>()
      const twice = { ...options, deliveriesMax: 2 }
      await world.bus.consume('image-job-queued', twice, async (event) => {
        tries.put(event.jobId)
        if (event.jobId === jobId(1)) throw new Error('never')
      })
      await world.bus.announce('image-job-queued', queued(1))
      await tries.take(1)
      await world.pass(1_000)
      await tries.take(2)
      await world.bus.announce('image-job-queued', queued(2))
      expect(await tries.take(3)).toEqual([jobId(1), jobId(1), jobId(2)])
      expect(world.incidents).toContainEqual(['given-up', 'image-job-queued'])
    })

    test('a payload that is not of its schema is counted and dropped, never given to the consumer', async () => {
      const heard = mailbox<string>()
      await world.inject('image-job-queued', '{"jobId":7}')
      await world.bus.consume('image-job-queued', options, async (event) => heard.put(event.jobId))
      await world.bus.announce('image-job-queued', queued(1))
      expect(await heard.take(1)).toEqual([jobId(1)])
      expect(world.incidents).toEqual([['poison', 'image-job-queued']])
    })

    test('a consumer never holds more messages than its limit', async () => {
      const started = mailbox<string>()
      const releases: (() => void)[] = []
      let [running, most] = [0, 0]
      const two = { ...options, inFlightMax: 2 }
      await world.bus.consume('image-job-queued', two, async (event) => {
        running += 1
        most = Math.max(most, running)
        await new Promise<void>((resolve) => {
          releases.push(resolve)
          started.put(event.jobId)
        })
        running -= 1
      })
      for (const index of upTo(12)) await world.bus.announce('image-job-queued', queued(index))
      for (const index of upTo(12)) {
        await started.take(index + 1)
        releases[index]?.()
      }
      expect(most).toBe(2)
    })

    test('a consumer that has ended leaves its messages to the others of its group', async () => {
      const [gone, staying] = [mailbox<string>(), mailbox<string>()]
      const service = await world.connect()
      const end = await service.consume('image-job-queued', options, async (event) =>
        gone.put(event.jobId),
      )
      await end()
      await world.bus.consume('image-job-queued', options, async (event) =>
        staying.put(event.jobId),
      )
      for (const index of upTo(10)) await world.bus.announce('image-job-queued', queued(index))
      expect((await staying.take(10)).sort()).toEqual(upTo(10).map(jobId))
      expect(gone.received).toEqual([])
    })
  })

  describe('requests', () => {
    const patient = { timeoutMs: 60_000 }

    test('a request is answered by one server of its subject', async () => {
      const asked = mailbox<string>()
      const service = await world.connect()
      for (const bus of [world.bus, service]) {
        await bus.serve('rpc.test.v1.echo', async (body) => {
          asked.put(body)
          return `${body}!`
        })
      }
      const bodies = upTo(20).map((index) => `ask ${index} ünïcødé`)
      const answers = await Promise.all(
        bodies.map((body) => world.bus.request('rpc.test.v1.echo', body, patient)),
      )
      expect(answers).toEqual(bodies.map((body) => `${body}!`))
      expect([...asked.received].sort()).toEqual([...bodies].sort())
    })

    test('a request that nobody serves is refused at once', async () => {
      const asked = world.bus.request('rpc.test.v1.nobody', '{}', patient)
      await expect(asked).rejects.toMatchObject({ code: 'unavailable' })
    })

    test('after the last server has left, requests are refused at once', async () => {
      const end = await world.bus.serve('rpc.test.v1.echo', async (body) => body)
      await end()
      const asked = world.bus.request('rpc.test.v1.echo', '{}', patient)
      await expect(asked).rejects.toMatchObject({ code: 'unavailable' })
    })

    test('a request that is not answered in time is given up', async () => {
      const asked = mailbox<string>()
      await world.bus.serve('rpc.test.v1.slow', (body) => {
        asked.put(body)
        return new Promise(() => undefined)
      })
      const answer = world.bus
        .request('rpc.test.v1.slow', '{}', { timeoutMs: 200 })
        .catch((error: unknown) => error)
      await asked.take(1)
      await world.pass(200)
      expect(await answer).toMatchObject({ code: 'unavailable' })
    })

    test('a caller who leaves stops waiting at once, for the reason that its signal gives', async () => {
      const asked = mailbox<string>()
      await world.bus.serve('rpc.test.v1.slow', (body) => {
        asked.put(body)
        return new Promise(() => undefined)
      })
      const left = new AbortController()
      const request = { ...patient, signal: left.signal }
      const answer = world.bus
        .request('rpc.test.v1.slow', '{}', request)
        .catch((error: unknown) => error)
      await asked.take(1)
      left.abort(new Error('caller left'))
      expect(await answer).toMatchObject({ message: 'caller left' })
      const again = world.bus.request('rpc.test.v1.slow', '{}', request)
      await expect(again).rejects.toThrow('caller left')
    })

    test('a message that is too large is refused before it is sent', async () => {
      await world.bus.serve('rpc.test.v1.echo', async (body) => body)
      const asked = world.bus.request('rpc.test.v1.echo', 'x'.repeat(1_100_000), patient)
      await expect(asked).rejects.toMatchObject({ code: 'internal_error' })
    })
  })

  describe('closing', () => {
    test('a closing bus finishes what it has taken, and may still announce meanwhile', async () => {
      const started = mailbox<string>()
      const release = Promise.withResolvers<void>()
      const finished = mailbox<string>()
      await world.bus.consume('image-job-queued', options, async (event) => {
        started.put(event.jobId)
        await release.promise
        await world.bus.announce('image-job-ended', { jobId: event.jobId })
        finished.put(event.jobId)
      })
      await world.bus.announce('image-job-queued', queued(1))
      await started.take(1)
      const closed = world.bus.close({ withinMs: 60_000 })
      release.resolve()
      await closed
      expect(finished.received).toEqual([jobId(1)])
      expect(world.bus.connected()).toBe(false)
    })

    test('what does not finish within the time is told to stop', async () => {
      const started = mailbox<AbortSignal>()
      await world.bus.consume('image-job-queued', options, async (_, signal) => {
        started.put(signal)
        await new Promise(() => undefined)
      })
      await world.bus.announce('image-job-queued', queued(1))
      const [signal] = await started.take(1)
      const closed = world.bus.close({ withinMs: 100 })
      await world.pass(100)
      await closed
      expect(signal?.aborted).toBe(true)
    })

    test('a closed bus refuses at once', async () => {
      await world.bus.close()
      const refused = [
        world.bus.announce('image-job-cancelled', { jobId: jobId(1) }),
        world.bus.announce('image-job-queued', queued(1)),
        world.bus.request('rpc.test.v1.echo', '{}', { timeoutMs: 60_000 }),
      ]
      for (const attempt of refused) {
        await expect(attempt).rejects.toMatchObject({ code: 'unavailable' })
      }
    })
  })
}
