import { callFailed } from './call-failed.ts'
import { busEvents } from '@sluice/contracts/events'
import type { BusEvent, BusEventName } from '@sluice/contracts/events'
import type { Log } from '@sluice/kernel/log'
import { systemRandom } from '@sluice/kernel/random'
import type { Random } from '@sluice/kernel/random'
import type { Msg } from 'nats'

import type { BusDeps } from './bus-deps.ts'
import { assertFits } from './bus-limits.ts'
import type { Bus } from './bus.ts'
import { deliverEvent } from './deliver.ts'
import { encodeEvent } from './event-wire.ts'
import { createInFlight } from './in-flight.ts'
import type { InFlight } from './in-flight.ts'
import { linkNats } from './nats-connection.ts'
import type { NatsLink, NatsOptions } from './nats-connection.ts'
import { startNatsConsumer } from './nats-consumer.ts'
import { enqueue } from './nats-enqueue.ts'
import { disconnectedError, createNatsRequests } from './nats-requests.ts'
import { createNatsStream } from './nats-stream.ts'
import { natsSubjects } from './nats-subjects.ts'
import { createNatsSubscriptions } from './nats-subscriptions.ts'

const CLOSE_WITHIN_MS = 5_000
/** The queue group of the servers of one subject. */
const SERVERS = 'servers'

export interface NatsBusOptions extends NatsOptions, Omit<BusDeps, 'random'> {
  random?: Random
  /** Prefix of every subject and of the stream's name; `sluice` unless installations share a server. */
  namespace?: string
  /** Ends the initial wait for an unreachable server. */
  signal?: AbortSignal
}

/**
 * The bus over NATS: core subjects for topics and requests, JetStream for queues. Resolves when
 * connected, and reconnects without a limit. While disconnected, `announce` and `request` reject at once.
 */
export async function connectNatsBus(options: NatsBusOptions): Promise<Bus> {
  const { clock, log, random = systemRandom, namespace = 'sluice' } = options
  const link = await linkNats({ clock, log, signal: options.signal }, options)
  const { nc } = link
  const inFlight = createInFlight()
  const requests = createNatsRequests({ link, clock })
  const subjects = natsSubjects(namespace)
  const stream = createNatsStream(nc, subjects)
  const subscriptions = createNatsSubscriptions({ link, clock })
  const deps = { ...options, random, link, stream, inFlight }
  let closed: Promise<void> | undefined

  const close = async (withinMs: number) => {
    await subscriptions.endAll()
    await inFlight.drain({ clock, withinMs })
    await subscriptions.flush()
    await nc.close()
  }

  return {
    announce: async (name, event) => {
      const text = encodeEvent(name, event)
      assertFits(name, text)
      if (!link.connected()) throw disconnectedError()
      if (busEvents[name].delivery === 'topic') {
        return publish(link, { subject: subjects.topic(name), text })
      }
      await enqueue({ requests, stream }, { subject: subjects.queue(name), text })
    },
    subscribe: <Name extends BusEventName>(
      name: Name,
      receive: (event: BusEvent<Name>) => void | Promise<void>,
    ) => {
      const callback = (_: unknown, message: Msg) =>
        deliverEvent(deps, { name, text: message.string(), receive })
      return subscriptions.listen(nc.subscribe(subjects.topic(name), { callback }))
    },
    consume: async (name, queueOptions, receive) =>
      subscriptions.track(await startNatsConsumer(deps, { name, options: queueOptions, receive })),
    request: async (subject, body, requestOptions) => {
      assertFits(subject, body)
      const reply = await requests.send(subjects.rpc(subject), body, requestOptions)
      if (!reply)
        throw callFailed('unavailable', { what: 'unavailable', detail: `no server for ${subject}` })
      return reply.string()
    },
    serve: (subject, answer) => {
      const callback = (_: unknown, message: Msg) =>
        void respond(deps, { subject, answer, message })
      const subscription = nc.subscribe(subjects.rpc(subject), { queue: SERVERS, callback })
      return subscriptions.listen(subscription)
    },
    connected: () => closed === undefined && link.connected(),
    close: ({ withinMs } = { withinMs: CLOSE_WITHIN_MS }) => (closed ??= close(withinMs)),
  }
}

function publish({ nc }: NatsLink, { subject, text }: { subject: string; text: string }) {
  try {
    nc.publish(subject, text)
  } catch (cause) {
    throw callFailed('unavailable', { what: 'bus', detail: `${subject} was not announced`, cause })
  }
}

interface ServedRequest {
  subject: string
  answer: (body: string, signal: AbortSignal) => Promise<string>
  message: Msg
}

async function respond(
  { inFlight, log }: { inFlight: InFlight; log?: Log },
  { subject, answer, message }: ServedRequest,
): Promise<void> {
  inFlight.begin()
  try {
    message.respond(await answer(message.string(), inFlight.signal))
  } catch (err) {
    log?.error({ err, subject }, 'a server did not answer')
  } finally {
    inFlight.end()
  }
}
