import type { BusEvent, BusEventName } from '@sluice/contracts/events'
import { unreachable } from '@sluice/kernel/assert'
import { nanos } from 'nats'
import type { Msg } from 'nats'

import { atMost } from './at-most.ts'
import type { BusDeps } from './bus-deps.ts'
import type { QueueOptions, Unsubscribe } from './bus.ts'
import { deliver } from './deliver.ts'
import type { InFlight } from './in-flight.ts'
import type { NatsLink } from './nats-connection.ts'
import { createNatsPulls } from './nats-pulls.ts'
import type { NatsStream } from './nats-stream.ts'
import { redeliveryDelayMs } from './redelivery-delay.ts'

const REPAIR_MS = { first: 200, last: 5_000 }
const STOP_WITHIN_MS = 2_000

export interface NatsConsumerDeps extends BusDeps {
  link: NatsLink
  stream: NatsStream
  inFlight: InFlight
}

export interface NatsConsumer<Name extends BusEventName> {
  name: Name
  options: QueueOptions
  receive: (event: BusEvent<Name>, signal: AbortSignal) => Promise<void>
}

/**
 * Pulls messages for one consumer of a durable group. Running plus requested messages stay within
 * `inFlightMax`, so that further messages remain on the server, where another consumer can take them.
 */
export async function startNatsConsumer<Name extends BusEventName>(
  deps: NatsConsumerDeps,
  consumer: NatsConsumer<Name>,
): Promise<Unsubscribe> {
  const { link, clock } = deps
  const { inFlightMax } = consumer.options
  let running = 0
  let active = true
  let planned = false

  const pull = () => {
    planned = false
    const durable = durableConsumer.name()
    const room = inFlightMax - running
    if (!active || durable === undefined || !link.connected()) return
    // While a pull is open, the server has no more messages, or they are in transit.
    if (room > 0 && pulls.pending() === 0) pulls.request(durable, room)
  }

  // One pull for all messages that end in this turn of the event loop.
  const planPull = () => {
    if (planned) return
    planned = true
    setImmediate(pull)
  }

  const take = async (message: Msg) => {
    // A pull that was considered lost may still be answered.
    if (!active || running >= inFlightMax) return answer(message, NAK)
    running += 1
    const reply = await handle(deps, { ...consumer, message })
    running -= 1
    if (reply !== undefined) answer(message, reply)
    planPull()
  }

  // A lost acknowledgement causes a redelivery, which every consumer must handle.
  const answer = (message: Msg, reply: string) => {
    try {
      message.respond(reply)
    } catch (err) {
      deps.log?.warn({ err, event: consumer.name }, 'a message could not be acknowledged')
    }
  }

  const repair = async (firstMs: number) => {
    pulls.forget()
    if (await durableConsumer.ensure({ wanted: () => active, firstMs })) pull()
  }

  const pulls = createNatsPulls(deps, {
    message: (message) => void take(message),
    empty: pull,
    // A durable consumer that is being deleted answers for a moment as if it existed.
    broken: () => void repair(REPAIR_MS.first),
  })
  const durableConsumer = createDurable(deps, consumer)
  const ignore = link.onChange((connected) => {
    if (connected) void repair(0)
    else pulls.forget()
  })
  if (await durableConsumer.tryEnsure()) pull()
  else void repair(REPAIR_MS.first)
  return async () => {
    if (!active) return
    active = false
    ignore()
    pulls.forget()
    if (link.connected()) await atMost(clock, STOP_WITHIN_MS, pulls.stop())
  }
}

/**
 * The group's durable consumer on the server. Created or updated at the start and after every failure, since
 * the server may have restarted without its disk.
 */
function createDurable<Name extends BusEventName>(
  { link, stream, clock, log }: NatsConsumerDeps,
  { name, options }: NatsConsumer<Name>,
) {
  let durable: string | undefined
  let delay: AbortController | undefined

  const tryEnsure = async () => {
    durable = undefined
    if (!link.connected()) return false
    try {
      durable = await stream.ensureConsumer(name, options)
      return true
    } catch (err) {
      log?.warn({ err, event: name }, 'the durable consumer of a queue could not be created')
      return false
    }
  }

  return {
    name: () => durable,
    tryEnsure,
    /**
     * Retries with a delay until it exists or is no longer wanted; true for the caller whose attempt
     * succeeded.
     */
    ensure: async ({ wanted, firstMs }: { wanted: () => boolean; firstMs: number }) => {
      if (delay) {
        // Another call is retrying already: end its delay.
        delay.abort()
        return false
      }
      let waitMs = firstMs
      let ensured = false
      while (!ensured && wanted()) {
        delay = new AbortController()
        if (waitMs > 0) await clock.sleep(waitMs, delay.signal).catch(() => undefined)
        ensured = await tryEnsure()
        waitMs = Math.min(Math.max(waitMs * 2, REPAIR_MS.first), REPAIR_MS.last)
      }
      delay = undefined
      return ensured
    },
  }
}

/**
 * Calls the consumer with a message; returns the acknowledgement to send, undefined when it would be too
 * late.
 */
async function handle<Name extends BusEventName>(
  deps: NatsConsumerDeps,
  { name, options, receive, message }: NatsConsumer<Name> & { message: Msg },
): Promise<string | undefined> {
  const { log, count, random } = deps
  const deliveries = deliveriesOf(message)
  const giveUp = () => {
    count?.('given-up', name)
    log?.warn({ event: name, deliveries, incident: 'given-up' }, 'message dropped')
    return TERM
  }
  // Redelivered because the last permitted delivery was never acknowledged.
  if (deliveries > options.deliveriesMax) return giveUp()
  if (deliveries > 1) count?.('redelivered', name)
  const end = await deliver(deps, { name, text: message.string(), options, receive })
  switch (end) {
    case 'done':
      return ACK
    case 'poison':
      return TERM
    case 'late':
      return undefined
    case 'failed':
      return deliveries >= options.deliveriesMax
        ? giveUp()
        : nakAfter(redeliveryDelayMs({ deliveries, random }))
    default:
      return unreachable(end)
  }
}

// https://docs.nats.io/reference/reference-protocols/nats_api_reference: acknowledgements.
const ACK = '+ACK'
const NAK = '-NAK'
const TERM = '+TERM'
const nakAfter = (ms: number) => `-NAK {"delay": ${nanos(ms)}}`

// $JS.ACK.<stream>.<consumer>.<deliveries>…, or with domain and account hash before the stream.
function deliveriesOf({ reply = '' }: Msg): number {
  const tokens = reply.split('.')
  return Number(tokens.length > 9 ? tokens[6] : tokens[4])
}
