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

/** A namespace of its own for every test, and what is needed to look behind the bus. */
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
      // The stream is there once something was announced; this one is acknowledged by nobody but us.
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

// The stream itself is not deleted here: server 2.9 loses the one that is made anew at once.
test('a consumer whose place was lost while its server was away finds it again', async () => {
  const { open, manager, subjects } = await createFixture()
  const proxy = await cuttableProxy(url)
  disposals.push(proxy.close)
  const bus = await open(proxy.url)
  const heard = mailbox<string>()
  await bus.consume('image-job-queued', options, async (event) => heard.put(event.model))
  await bus.announce('image-job-queued', { jobId, model: 'before' })
  await heard.take(1)
  proxy.cut()
  await manager.consumers.delete(subjects.stream, 'runner_image-job-queued')
  const other = await open()
  await other.announce('image-job-queued', { jobId, model: 'meanwhile' })
  proxy.mend()
  // What it had acknowledged is forgotten with its place, and comes again.
  expect(await heard.take(3)).toEqual(['before', 'before', 'meanwhile'])
})

test('a consumer whose place vanishes under it finds it again', async () => {
  const { open, manager, subjects } = await createFixture()
  const bus = await open()
  const heard = mailbox<string>()
  await bus.consume('image-job-queued', options, async (event) => heard.put(event.model))
  await bus.announce('image-job-queued', { jobId, model: 'before' })
  await heard.take(1)
  // Its next pull is on its way ahead of this.
  await new Promise((resolve) => setImmediate(resolve))
  await bus.announce('image-job-ended', { jobId })
  await manager.consumers.delete(subjects.stream, 'runner_image-job-queued')
  await bus.announce('image-job-queued', { jobId, model: 'after' })
  expect(await heard.take(3)).toEqual(['before', 'before', 'after'])
})

test('while the server is away, announcing and asking are refused at once; after it is back they work', async () => {
  const { open } = await createFixture()
  const proxy = await cuttableProxy(url)
  disposals.push(proxy.close)
  const bus = await open(proxy.url)
  const heard = mailbox<string>()
  await bus.subscribe('image-job-cancelled', (event) => heard.put(event.jobId))
  await bus.serve('rpc.test.v1.slow', (body) =>
    body === 'hang' ? new Promise(() => undefined) : Promise.resolve(body),
  )
  const asked = bus.request('rpc.test.v1.slow', 'hang', { timeoutMs: 600_000 })
  const lost = asked.catch((error: unknown) => error)
  expect(await bus.request('rpc.test.v1.slow', 'hello', { timeoutMs: 10_000 })).toBe('hello')
  proxy.cut()
  // A request that was waiting does not wait for its timeout.
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
  proxy.mend()
  await proxy.carried()
  const service = await open()
  await until(async () => {
    await service.announce('image-job-cancelled', { jobId })
    return heard.received.length > 0
  })
  expect(bus.connected()).toBe(true)
  expect(await bus.request('rpc.test.v1.slow', 'hello', { timeoutMs: 10_000 })).toBe('hello')
})

test('a bus that is started before its server waits for it', async () => {
  const { open } = await createFixture()
  const proxy = await cuttableProxy(url)
  disposals.push(proxy.close)
  proxy.cut()
  const opening = open(proxy.url)
  await proxy.refused()
  proxy.mend()
  expect((await opening).connected()).toBe(true)
})

test('a wait for a server that never comes ends with its signal', async () => {
  const proxy = await cuttableProxy(url)
  disposals.push(proxy.close)
  proxy.cut()
  const enough = new AbortController()
  const opening = connectNatsBus({ servers: proxy.url, name: 'test', clock, signal: enough.signal })
  const ended = opening.catch((error: unknown) => error)
  await proxy.refused()
  enough.abort(new Error('enough'))
  expect(await ended).toMatchObject({ message: 'enough' })
})

test('what a closing bus has not finished is given to another at once', async () => {
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

test('a group may come back with other options', async () => {
  const { open, manager, subjects } = await createFixture()
  const bus = await open()
  const end = await bus.consume('image-job-queued', options, async () => undefined)
  await end()
  await bus.consume('image-job-queued', { ...options, ackWithinMs: 5_000 }, async () => undefined)
  const info = await manager.consumers.info(subjects.stream, 'runner_image-job-queued')
  expect(info.config.ack_wait).toBe(5_250 * 1_000_000)
})

/** Tries until it is so; each try is a round trip, so that this spins on the server and not on a timer. */
async function until(look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await new Promise((resolve) => setImmediate(resolve))
}
