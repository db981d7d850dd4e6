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
 * Pulls messages for one consumer of a durable group. It never asks for more than it may hold: what
 * runs and what was asked for together stay within `inFlightMax`, so that a message which is waiting
 * waits at the server, where another consumer can have it.
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
    const durable = position.name()
    const room = inFlightMax - running
    if (!active || durable === undefined || !link.connected()) return
    // While something is asked for, the server has nothing waiting, or it is on its way.
    if (room > 0 && pulls.asked() === 0) pulls.ask(durable, room)
  }

  // Once for all messages that end in this turn of the loop.
  const planPull = () => {
    if (planned) return
    planned = true
    setImmediate(pull)
  }

  const take = async (message: Msg) => {
    // A pull that was thought lost may be answered after all.
    if (!active || running >= inFlightMax) return answer(message, NAK)
    running += 1
    const verdict = await judge(deps, { ...consumer, message })
    running -= 1
    if (verdict !== undefined) answer(message, verdict)
    planPull()
  }

  // An acknowledgement that is lost is a message that comes again, which every consumer must bear.
  const answer = (message: Msg, verdict: string) => {
    try {
      message.respond(verdict)
    } catch (err) {
      deps.log?.warn({ err, event: consumer.name }, 'a message could not be acknowledged')
    }
  }

  const repair = async (firstMs: number) => {
    pulls.forget()
    if (await position.find({ wanted: () => active, firstMs })) pull()
  }

  const pulls = createNatsPulls(deps, {
    message: (message) => void take(message),
    empty: pull,
    // A place that is being deleted answers for a moment as if it were there.
    broken: () => void repair(REPAIR_MS.first),
  })
  const position = createPosition(deps, consumer)
  const ignore = link.onChange((connected) => {
    if (connected) void repair(0)
    else pulls.forget()
  })
  if (await position.tryFind()) pull()
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
 * The group's place in the stream. It is looked for when the consumer starts and whenever something
 * is wrong: the server may have come back without its disk.
 */
function createPosition<Name extends BusEventName>(
  { link, stream, clock, log }: NatsConsumerDeps,
  { name, options }: NatsConsumer<Name>,
) {
  let durable: string | undefined
  let rest: AbortController | undefined

  const tryFind = async () => {
    durable = undefined
    if (!link.connected()) return false
    try {
      durable = await stream.ensureConsumer(name, options)
      return true
    } catch (err) {
      log?.warn({ err, event: name }, 'a queue cannot be read')
      return false
    }
  }

  return {
    name: () => durable,
    tryFind,
    /** Rests and tries until it is found or not wanted any more; true for the caller that found it. */
    find: async ({ wanted, firstMs }: { wanted: () => boolean; firstMs: number }) => {
      if (rest) {
        // Somebody is searching already, and there is new hope.
        rest.abort()
        return false
      }
      let waitMs = firstMs
      let found = false
      while (!found && wanted()) {
        rest = new AbortController()
        if (waitMs > 0) await clock.sleep(waitMs, rest.signal).catch(() => undefined)
        found = await tryFind()
        waitMs = Math.min(Math.max(waitMs * 2, REPAIR_MS.first), REPAIR_MS.last)
      }
      rest = undefined
      return found
    },
  }
}

/** Runs the consumer on a message and says what to tell the server; nothing, when it came too late. */
async function judge<Name extends BusEventName>(
  deps: NatsConsumerDeps,
  { name, options, receive, message }: NatsConsumer<Name> & { message: Msg },
): Promise<string | undefined> {
  const { log, count, random } = deps
  const deliveries = deliveriesOf(message)
  const giveUp = () => {
    count?.('given-up', name)
    log?.warn({ event: name, deliveries, incident: 'given-up' }, 'a message is dropped')
    return TERM
  }
  // Its last delivery was never acknowledged.
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

// $JS.ACK.<stream>.<consumer>.<deliveries>…, or with domain and account before the stream.
function deliveriesOf({ reply = '' }: Msg): number {
  const tokens = reply.split('.')
  return Number(tokens.length > 9 ? tokens[6] : tokens[4])
}
