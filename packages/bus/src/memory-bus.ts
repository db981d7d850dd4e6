import type { BusEvent, BusEventName } from '@sluice/contracts/events'
import { busEvents } from '@sluice/contracts/events'
import { AppError } from '@sluice/kernel/app-error'

import type { BusDeps } from './bus-deps.ts'
import { assertFits } from './bus-limits.ts'
import type { Bus, Unsubscribe } from './bus.ts'
import { deliverEvent } from './deliver.ts'
import { encodeEvent } from './event-wire.ts'
import { createInFlight } from './in-flight.ts'
import type { MemoryQueue } from './memory-queue.ts'
import { createMemoryQueue } from './memory-queue.ts'
import { createMemoryRequests } from './memory-requests.ts'

/** Replaces a message by the texts to deliver instead: none, one or several. For tests. */
export type BusFault = (message: { name: BusEventName; text: string }) => string[]

export interface MemoryBusDeps extends BusDeps {
  /** For tests only: drops, duplicates and corrupts messages. */
  fault?: BusFault
}

const CLOSE_WITHIN_MS = 5_000

/**
 * The bus inside one process, with the guarantees of the NATS bus and no more: messages are serialised,
 * delivered after `announce` has returned, redelivered when a consumer fails, and time out.
 */
export function createMemoryBus(deps: MemoryBusDeps): Bus {
  const { clock, fault = ({ text }) => [text] } = deps
  const inFlight = createInFlight()
  const topics = createTopics({ ...deps, inFlight })
  const queues = createQueues({ ...deps, inFlight })
  const requests = createMemoryRequests({ clock, inFlight, ...(deps.log && { log: deps.log }) })
  let state: 'open' | 'closing' | 'closed' = 'open'

  const assertOpen = () => {
    if (state === 'closed') throw new AppError('unavailable', 'The bus is closed.')
  }

  return {
    announce: async (name, event) => {
      assertOpen()
      const text = encodeEvent(name, event)
      assertFits(name, text)
      for (const arriving of fault({ name, text })) {
        if (busEvents[name].delivery === 'queue') queues.of(name).push(arriving)
        else topics.push(name, arriving)
      }
    },
    subscribe: async (name, receive) => {
      assertOpen()
      return topics.subscribe(name, receive)
    },
    consume: async (name, options, receive) => {
      assertOpen()
      return queues.track(queues.of(name).consume(options, receive))
    },
    request: async (subject, body, options) => {
      assertOpen()
      assertFits(subject, body)
      return requests.send(subject, body, options)
    },
    serve: async (subject, answer) => {
      assertOpen()
      return requests.serve(subject, answer)
    },
    connected: () => state === 'open',
    close: async ({ withinMs } = { withinMs: CLOSE_WITHIN_MS }) => {
      if (state !== 'open') return
      state = 'closing'
      topics.stop()
      await queues.stop()
      requests.stop()
      await inFlight.drain({ clock, withinMs })
      state = 'closed'
    },
  }
}

type QueueDeps = Parameters<typeof createMemoryQueue>[0]

function createQueues(deps: QueueDeps) {
  const queues = new Map<BusEventName, unknown>()
  const consumers = new Set<Unsubscribe>()
  return {
    // Each name maps to the queue of its own event type.
    of: <Name extends BusEventName>(name: Name): MemoryQueue<Name> => {
      const queue = queues.get(name) ?? createMemoryQueue(deps, name)
      queues.set(name, queue)
      return queue as MemoryQueue<Name>
    },
    track: (unsubscribe: Unsubscribe): Unsubscribe => {
      consumers.add(unsubscribe)
      return unsubscribe
    },
    stop: async () => {
      for (const unsubscribe of consumers) await unsubscribe()
    },
  }
}

function createTopics(deps: QueueDeps) {
  const receivers = new Map<BusEventName, Set<(text: string) => void>>()
  return {
    // One microtask per receiver: in order, and after `announce` has returned.
    push: (name: BusEventName, text: string): void => {
      const listening = receivers.get(name)
      if (!listening) return
      for (const receiver of listening) {
        queueMicrotask(() => {
          if (listening.has(receiver)) receiver(text)
        })
      }
    },
    subscribe: <Name extends BusEventName>(
      name: Name,
      receive: (event: BusEvent<Name>) => void | Promise<void>,
    ): Unsubscribe => {
      const listening = receivers.get(name) ?? new Set()
      receivers.set(name, listening)
      const receiver = (text: string) => deliverEvent(deps, { name, text, receive })
      listening.add(receiver)
      return async () => void listening.delete(receiver)
    },
    stop: () => {
      for (const listening of receivers.values()) listening.clear()
    },
  }
}
