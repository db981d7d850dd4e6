import { seededRandom } from '@sluice/kernel/random'
import { fakeClock } from '@sluice/kernel/testing/fake-clock'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { expect, test } from 'vitest'

import type { BusIncident } from './bus-deps.ts'
import { busContract } from './bus.contract.ts'
import { createMemoryBus } from './memory-bus.ts'
import type { BusFault } from './memory-bus.ts'
import { queuesContract } from './queues.contract.ts'
import { requestsContract } from './requests.contract.ts'
import { rpcContract } from './rpc.contract.ts'
import type { BusHarness } from './testing/bus-harness.ts'
import { mailbox } from './testing/mailbox.ts'

function setUp(wiring: { fault?: BusFault } = {}) {
  const clock = fakeClock()
  const incidents: [BusIncident, string][] = []
  const count = (incident: BusIncident, name: string) => void incidents.push([incident, name])
  const deps = { clock, random: seededRandom(1), log: recordedLog(), count }
  return { clock, incidents, bus: createMemoryBus({ ...deps, ...wiring }) }
}

const harness = async (): Promise<BusHarness> => {
  let injected: string | undefined
  const fault: BusFault = ({ text }) => [injected ?? text]
  const { clock, incidents, bus } = setUp({ fault })
  return {
    bus,
    incidents,
    connect: async () => bus,
    inject: async (name, text) => {
      injected = text
      const jobId = `img_${'0'.repeat(32)}`
      if (name === 'image-job-queued') await bus.announce(name, { jobId, model: 'm' })
      else await bus.announce('image-job-cancelled', { jobId })
      injected = undefined
    },
    pass: async (ms) => {
      // Pending work may still set timers.
      await new Promise((resolve) => setImmediate(resolve))
      await clock.advance(ms)
    },
    dispose: async () => undefined,
  }
}

busContract(harness)
queuesContract(harness)
requestsContract(harness)
rpcContract(harness)

const jobId = `img_${'0'.repeat(32)}`
const options = { group: 'runner', inFlightMax: 4, ackWithinMs: 1_000, deliveriesMax: 5 }

test('announcing does not wait for the receivers', async () => {
  const { bus } = setUp()
  const received = mailbox<string>()
  await bus.subscribe('image-job-cancelled', (event) => received.put(event.jobId))
  const announced = bus.announce('image-job-cancelled', { jobId })
  expect(received.received).toEqual([])
  await announced
  expect(await received.take(1)).toEqual([jobId])
})

test('each receiver gets its own copy of the event', async () => {
  const { bus } = setUp()
  const received = mailbox<object>()
  await bus.subscribe('image-job-cancelled', (event) => received.put(event))
  await bus.subscribe('image-job-cancelled', (event) => received.put(event))
  const event = { jobId }
  await bus.announce('image-job-cancelled', event)
  const [one, other] = await received.take(2)
  expect(new Set([event, one, other]).size).toBe(3)
})

test('the fault hook can drop and duplicate messages', async () => {
  const arriving = [0, 2]
  const { bus } = setUp({
    fault: ({ text }) => Array.from({ length: arriving.shift() ?? 1 }, () => text),
  })
  const received = mailbox<string>()
  await bus.consume('image-job-queued', options, async (event) => received.put(event.model))
  for (const model of ['lost', 'twice', 'once'])
    await bus.announce('image-job-queued', { jobId, model })
  expect((await received.take(3)).sort()).toEqual(['once', 'twice', 'twice'])
})

test('a late acknowledgement removes the message even when it is queued again', async () => {
  const { bus, clock } = setUp()
  const tries = mailbox<() => void>()
  const one = { ...options, inFlightMax: 1 }
  await bus.consume('image-job-queued', one, (event) => {
    if (event.model === 'next') return Promise.resolve(tries.put(() => undefined))
    return new Promise<void>((resolve) => tries.put(resolve))
  })
  await bus.announce('image-job-queued', { jobId, model: 'slow' })
  const [finish] = await tries.take(1)
  // The only consumer is still busy, so the message is queued again.
  await clock.advance(1_000)
  finish?.()
  await bus.announce('image-job-queued', { jobId, model: 'next' })
  await tries.take(2)
  await clock.advance(60_000)
  expect(tries.received).toHaveLength(2)
})

test('a full queue drops and counts its oldest messages', async () => {
  const { bus, incidents } = setUp()
  const end = await bus.consume('image-job-queued', options, async () => undefined)
  await end()
  for (let index = 0; index < 10_003; index += 1) {
    await bus.announce('image-job-queued', { jobId, model: `m${index}` })
  }
  expect(incidents).toEqual(Array.from({ length: 3 }, () => ['discarded', 'image-job-queued']))
  const received = mailbox<string>()
  await bus.consume('image-job-queued', options, async (event) => received.put(event.model))
  expect((await received.take(1))[0]).toBe('m3')
})

test('messages older than an hour are not delivered to new groups', async () => {
  const { bus, clock } = setUp()
  await bus.announce('image-job-queued', { jobId, model: 'old' })
  await clock.advance(3_600_000)
  await bus.announce('image-job-queued', { jobId, model: 'new' })
  const received = mailbox<string>()
  await bus.consume('image-job-queued', options, async (event) => received.put(event.model))
  expect(await received.take(1)).toEqual(['new'])
})
