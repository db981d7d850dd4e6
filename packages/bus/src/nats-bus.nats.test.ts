import { systemClock } from '@sluice/kernel/clock'
import { systemRandom } from '@sluice/kernel/random'
import { recordedLog } from '@sluice/kernel/testing/recorded-log'
import { serverUrl } from '@sluice/testkit/server-urls'
import { connect } from 'nats'
import { afterEach, expect, test } from 'vitest'

import type { BusIncident } from './bus-deps.ts'
import { busContract } from './bus.contract.ts'
import type { Bus } from './bus.ts'
import { connectNatsBus } from './nats-bus.ts'
import { natsSubjects } from './nats-subjects.ts'
import { cuttableProxy } from './testing/cuttable-proxy.ts'
import { queuesContract } from './queues.contract.ts'
import { requestsContract } from './requests.contract.ts'
import { rpcContract } from './rpc.contract.ts'
import type { BusHarness } from './testing/bus-harness.ts'
import { mailbox } from './testing/mailbox.ts'

const url = serverUrl('nats')
const clock = systemClock
const jobId = `img_${'0'.repeat(32)}`
const options = { group: 'runner', inFlightMax: 4, ackWithinMs: 60_000, deliveriesMax: 5 }

/** A separate namespace for every test, and direct access to the NATS server. */
async function setUp() {
  const namespace = `test-${Buffer.from(systemRandom.bytes(6)).toString('hex')}`
  const subjects = natsSubjects(namespace)
  const raw = await connect({ servers: url })
  const manager = await raw.jetstreamManager()
  const incidents: [BusIncident, string][] = []
  const count = (incident: BusIncident, name: string) => void incidents.push([incident, name])
  const buses: Bus[] = []
  const open = async (servers = url) => {
    const log = recordedLog()
    const bus = await connectNatsBus({ servers, name: 'test', clock, log, count, namespace })
    buses.push(bus)
    return bus
  }
  const dispose = async () => {
    for (const bus of buses) await bus.close({ withinMs: 0 })
    await manager.streams.delete(subjects.stream).catch(() => undefined)
    await raw.close()
  }
  return { raw, manager, subjects, incidents, open, dispose }
}

const harness = async (): Promise<BusHarness> => {
  const { raw, subjects, incidents, open, dispose } = await setUp()
  const bus = await open()
  return {
    bus,
    incidents,
    connect: () => open(),
    inject: async (name, text) => {
      if (name !== 'image-job-queued') return raw.publish(subjects.topic(name), text)
      // The first announcement creates the stream.
      await bus.announce('image-job-ended', { jobId })
      await raw.jetstream().publish(subjects.queue(name), text)
    },
    pass: async () => undefined,
    dispose,
  }
}

busContract(harness)
queuesContract(harness)
requestsContract(harness)
rpcContract(harness)

const disposals: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const dispose of disposals.splice(0)) await dispose()
})

async function createFixture() {
  const made = await setUp()
  disposals.push(made.dispose)
  return made
}

// The stream itself is not deleted here: server 2.9 loses a stream recreated immediately after its deletion.
test('a durable consumer deleted while the server was unreachable is recreated', async () => {
  const { open, manager, subjects } = await createFixture()
  const proxy = await cuttableProxy(url)
  disposals.push(proxy.close)
  const bus = await open(proxy.url)
  const received = mailbox<string>()
  await bus.consume('image-job-queued', options, async (event) => received.put(event.model))
  await bus.announce('image-job-queued', { jobId, model: 'before' })
  await received.take(1)
  proxy.cut()
  await manager.consumers.delete(subjects.stream, 'runner_image-job-queued')
  const other = await open()
  await other.announce('image-job-queued', { jobId, model: 'meanwhile' })
  proxy.restore()
  // The acknowledgements are lost with the durable consumer, so the first message is redelivered.
  expect(await received.take(3)).toEqual(['before', 'before', 'meanwhile'])
})

test('a durable consumer deleted during a pull is recreated', async () => {
  const { open, manager, subjects } = await createFixture()
  const bus = await open()
  const received = mailbox<string>()
  await bus.consume('image-job-queued', options, async (event) => received.put(event.model))
  await bus.announce('image-job-queued', { jobId, model: 'before' })
  await received.take(1)
  // Lets the next pull request be sent first.
  await new Promise((resolve) => setImmediate(resolve))
  await bus.announce('image-job-ended', { jobId })
  await manager.consumers.delete(subjects.stream, 'runner_image-job-queued')
  await bus.announce('image-job-queued', { jobId, model: 'after' })
  expect(await received.take(3)).toEqual(['before', 'before', 'after'])
})

test('announce and request reject at once while disconnected, and work after the reconnect', async () => {
  const { open } = await createFixture()
  const proxy = await cuttableProxy(url)
  disposals.push(proxy.close)
  const bus = await open(proxy.url)
  const received = mailbox<string>()
  await bus.subscribe('image-job-cancelled', (event) => received.put(event.jobId))
  await bus.serve('rpc.test.v1.slow', (body) =>
    body === 'hang' ? new Promise(() => undefined) : Promise.resolve(body),
  )
  const pending = bus.request('rpc.test.v1.slow', 'hang', { timeoutMs: 600_000 })
  const lost = pending.catch((error: unknown) => error)
  expect(await bus.request('rpc.test.v1.slow', 'hello', { timeoutMs: 10_000 })).toBe('hello')
  proxy.cut()
  // A pending request rejects without waiting for its timeout.
  expect(await lost).toMatchObject({ code: 'unavailable' })
  expect(bus.connected()).toBe(false)
  const refused = [
    bus.announce('image-job-cancelled', { jobId }),
    bus.announce('image-job-queued', { jobId, model: 'm' }),
    bus.request('rpc.test.v1.slow', 'hello', { timeoutMs: 600_000 }),
  ]
  for (const attempt of refused) {
    await expect(attempt).rejects.toMatchObject({ code: 'unavailable' })
  }
  proxy.restore()
  await proxy.connected()
  const service = await open()
  await until(async () => {
    await service.announce('image-job-cancelled', { jobId })
    return received.received.length > 0
  })
  expect(bus.connected()).toBe(true)
  expect(await bus.request('rpc.test.v1.slow', 'hello', { timeoutMs: 10_000 })).toBe('hello')
})

test('a bus started before its server waits for it', async () => {
  const { open } = await createFixture()
  const proxy = await cuttableProxy(url)
  disposals.push(proxy.close)
  proxy.cut()
  const opening = open(proxy.url)
  await proxy.refused()
  proxy.restore()
  expect((await opening).connected()).toBe(true)
})

test('waiting for an unreachable server ends when the signal aborts', async () => {
  const proxy = await cuttableProxy(url)
  disposals.push(proxy.close)
  proxy.cut()
  const aborter = new AbortController()
  const opening = connectNatsBus({
    servers: proxy.url,
    name: 'test',
    clock,
    signal: aborter.signal,
  })
  const ended = opening.catch((error: unknown) => error)
  await proxy.refused()
  aborter.abort(new Error('stopped'))
  expect(await ended).toMatchObject({ message: 'stopped' })
})

test('a message that a closing bus has not finished is redelivered to another consumer at once', async () => {
  const { open } = await createFixture()
  const [leaving, staying] = [await open(), await open()]
  const [started, taken] = [mailbox<string>(), mailbox<string>()]
  await leaving.consume('image-job-queued', options, async (event, signal) => {
    started.put(event.model)
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason))
    })
  })
  await leaving.announce('image-job-queued', { jobId, model: 'm' })
  await started.take(1)
  await leaving.close({ withinMs: 0 })
  await staying.consume('image-job-queued', options, async (event) => taken.put(event.model))
  expect(await taken.take(1)).toEqual(['m'])
})

test('a group may rejoin with other options', async () => {
  const { open, manager, subjects } = await createFixture()
  const bus = await open()
  const end = await bus.consume('image-job-queued', options, async () => undefined)
  await end()
  await bus.consume('image-job-queued', { ...options, ackWithinMs: 5_000 }, async () => undefined)
  const info = await manager.consumers.info(subjects.stream, 'runner_image-job-queued')
  expect(info.config.ack_wait).toBe(5_250 * 1_000_000)
})

/** Repeats until the condition holds; each check is a round trip to the server, so no timer is needed. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve))
}
