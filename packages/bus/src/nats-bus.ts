import { busEvents } from '@sluice/contracts/events'
import type { BusEvent, BusEventName } from '@sluice/contracts/events'
import { AppError } from '@sluice/kernel/app-error'
import { systemRandom } from '@sluice/kernel/random'
import type { Random } from '@sluice/kernel/random'
import type { Msg, Subscription } from 'nats'

import { atMost } from './at-most.ts'
import type { BusDeps } from './bus-deps.ts'
import { assertFits } from './bus-limits.ts'
import type { Bus, Unsubscribe } from './bus.ts'
import { tell } from './deliver.ts'
import { encodeEvent, parseJson } from './event-wire.ts'
import { createInFlight } from './in-flight.ts'
import { linkNats } from './nats-connection.ts'
import type { NatsLink, NatsOptions } from './nats-connection.ts'
import { startNatsConsumer } from './nats-consumer.ts'
import { awayError, createNatsRequests } from './nats-requests.ts'
import { createNatsStream } from './nats-stream.ts'
import { natsSubjects } from './nats-subjects.ts'

const PUBLISH_WITHIN_MS = 3_000
const FLUSH_WITHIN_MS = 2_000
const CLOSE_WITHIN_MS = 5_000
/** Servers of one subject share its requests. */
const SERVERS = 'servers'

export interface NatsBusOptions extends NatsOptions, Omit<BusDeps, 'random'> {
  random?: Random
  /** Before every subject, and in the stream's name; `sluice` unless installations share a server. */
  namespace?: string
  /** Ends the wait for a server that cannot be reached at the start. */
  signal?: AbortSignal
}

/**
 * The bus over NATS: core subjects for topics and requests, JetStream for queues. Resolves when it is
 * connected, and reconnects for ever. While it is away, `announce` and `request` reject at once.
 */
export async function connectNatsBus(options: NatsBusOptions): Promise<Bus> {
  const { clock, log, random = systemRandom, namespace = 'sluice' } = options
  const link = await linkNats({ clock, log, signal: options.signal }, options)
  const { nc } = link
  const inFlight = createInFlight()
  const requests = createNatsRequests({ link, clock })
  const subjects = natsSubjects(namespace)
  const stream = createNatsStream(nc, subjects)
  const open = new Set<Unsubscribe>()
  let closed: Promise<void> | undefined

  const track = (unsubscribe: Unsubscribe): Unsubscribe => {
    open.add(unsubscribe)
    return async () => {
      open.delete(unsubscribe)
      await unsubscribe()
    }
  }

  // The server has seen a subscription when it answers a ping that was sent behind it.
  const flush = () => atMost(clock, FLUSH_WITHIN_MS, nc.flush())

  const listen = async (subscription: Subscription): Promise<Unsubscribe> => {
    await flush()
    return track(async () => {
      // Drained, so that what has been sent to us already is still answered.
      if (link.connected()) await atMost(clock, FLUSH_WITHIN_MS, subscription.drain())
      else subscription.unsubscribe()
    })
  }

  const enqueue = async (subject: string, text: string) => {
    const publish = () => requests.send(subject, text, { timeoutMs: PUBLISH_WITHIN_MS })
    const stored = await publish()
    if (stored) return assertStored(stored)
    // Nobody listens: the stream is not there yet, or not any more.
    await stream.ensureStream()
    assertStored(await publish())
  }

  const close = async (withinMs: number) => {
    await Promise.all([...open].map((unsubscribe) => unsubscribe()))
    await inFlight.drain({ clock, withinMs })
    await flush()
    await nc.close()
  }

  return {
    announce: async (name, event) => {
      const text = encodeEvent(name, event)
      assertFits(name, text)
      if (!link.connected()) throw awayError()
      if (busEvents[name].delivery === 'queue') return enqueue(subjects.queue(name), text)
      publish(link, { subject: subjects.topic(name), text })
    },
    subscribe: <Name extends BusEventName>(
      name: Name,
      receive: (event: BusEvent<Name>) => void | Promise<void>,
    ) => {
      const callback = (_: unknown, message: Msg) =>
        tell({ ...options, inFlight }, { name, text: message.string(), receive })
      return listen(nc.subscribe(subjects.topic(name), { callback }))
    },
    consume: async (name, queueOptions, receive) =>
      track(
        await startNatsConsumer(
          { ...options, random, link, stream, inFlight },
          { name, options: queueOptions, receive },
        ),
      ),
    request: async (subject, body, requestOptions) => {
      assertFits(subject, body)
      const reply = await requests.send(subjects.rpc(subject), body, requestOptions)
      if (!reply) throw new AppError('unavailable', `Nobody serves ${subject}.`)
      return reply.string()
    },
    serve: (subject, answer) => {
      const callback = async (_: unknown, message: Msg) => {
        inFlight.begin()
        try {
          message.respond(await answer(message.string(), inFlight.signal))
        } catch (err) {
          log?.error({ err, subject }, 'a server did not answer')
        } finally {
          inFlight.end()
        }
      }
      const listener = (error: unknown, message: Msg) => void callback(error, message)
      return listen(nc.subscribe(subjects.rpc(subject), { queue: SERVERS, callback: listener }))
    },
    connected: () => closed === undefined && link.connected(),
    close: ({ withinMs } = { withinMs: CLOSE_WITHIN_MS }) => (closed ??= close(withinMs)),
  }
}

function publish({ nc }: NatsLink, { subject, text }: { subject: string; text: string }) {
  try {
    nc.publish(subject, text)
  } catch (cause) {
    throw new AppError('unavailable', `${subject} could not be announced.`, { cause })
  }
}

// The answer of JetStream to a publish: where it was stored, or why it was not.
function assertStored(reply: Msg | undefined): void {
  const text = reply?.string() ?? 'nothing'
  const ack = parseJson(text)
  if (typeof ack === 'object' && ack !== null && !('error' in ack)) return
  const cause = new Error(`JetStream answered ${text.slice(0, 300)}`)
  throw new AppError('unavailable', 'The queue of NATS did not store the message.', { cause })
}
