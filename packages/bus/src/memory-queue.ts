import type { BusEvent, BusEventName } from '@sluice/contracts/events'

import type { BusDeps } from './bus-deps.ts'
import type { QueueOptions, Unsubscribe } from './bus.ts'
import { deliver } from './deliver.ts'
import type { InFlight } from './in-flight.ts'
import { createKept } from './kept.ts'
import { redeliveryDelayMs } from './redelivery-delay.ts'

/** Messages that wait for one group; beyond, the oldest is dropped. */
const WAITING_MAX = 10_000

interface Message {
  text: string
  deliveries: number
  /** Acknowledged or dropped: not to be delivered again, whatever timer is still to fire. */
  ended: boolean
}

interface Consumer {
  options: QueueOptions
  running: number
  run: (text: string, onLate: () => void) => ReturnType<typeof deliver>
}

interface Group {
  // A Set is a queue from which a message in the middle can be taken out.
  waiting: Set<Message>
  /** The one whose turn it is stands first. */
  consumers: Consumer[]
  pumping: boolean
}

export interface MemoryQueue<Name extends BusEventName> {
  push(text: string): void
  consume(
    options: QueueOptions,
    receive: (event: BusEvent<Name>, signal: AbortSignal) => Promise<void>,
  ): Unsubscribe
}

/** One durable queue: every group gets each message, one consumer of the group at a time. */
export function createMemoryQueue<Name extends BusEventName>(
  deps: BusDeps & { inFlight: InFlight },
  name: Name,
): MemoryQueue<Name> {
  const { clock, random, log, count } = deps
  const groups = new Map<string, Group>()
  const kept = createKept(clock)

  const drop = (message: Message, incident: 'given-up' | 'discarded') => {
    message.ended = true
    count?.(incident, name)
    log?.warn({ event: name, deliveries: message.deliveries, incident }, 'a message is dropped')
  }

  const enqueue = (group: Group, message: Message) => {
    if (message.ended) return
    group.waiting.add(message)
    if (group.waiting.size > WAITING_MAX) {
      const [oldest] = group.waiting
      if (oldest) group.waiting.delete(oldest)
      if (oldest) drop(oldest, 'discarded')
    }
    wake(group)
  }

  // In a microtask: whoever announces does not wait for whoever consumes.
  const wake = (group: Group) => {
    if (group.pumping) return
    group.pumping = true
    queueMicrotask(() => {
      group.pumping = false
      pump(group)
    })
  }

  const pump = (group: Group) => {
    for (const message of group.waiting) {
      const turn = group.consumers.findIndex(
        ({ running, options }) => running < options.inFlightMax,
      )
      const [consumer] = turn < 0 ? [] : group.consumers.splice(turn, 1)
      if (!consumer) return
      group.consumers.push(consumer)
      group.waiting.delete(message)
      void hand(group, { consumer, message })
    }
  }

  const hand = async (
    group: Group,
    { consumer, message }: { consumer: Consumer; message: Message },
  ) => {
    const { deliveriesMax } = consumer.options
    message.deliveries += 1
    consumer.running += 1
    const again = () => {
      if (message.ended) return
      if (message.deliveries >= deliveriesMax) return drop(message, 'given-up')
      count?.('redelivered', name)
      enqueue(group, message)
    }
    const end = await consumer.run(message.text, again)
    consumer.running -= 1
    if (end === 'done' || end === 'poison') {
      message.ended = true
      group.waiting.delete(message)
    }
    if (end === 'failed') {
      const { deliveries } = message
      // At the last delivery there is nothing to wait for.
      const delayMs = deliveries < deliveriesMax ? redeliveryDelayMs({ deliveries, random }) : 0
      if (delayMs === 0) again()
      else clock.after(delayMs, again)
    }
    wake(group)
  }

  const groupOf = (groupName: string): Group => {
    const known = groups.get(groupName)
    if (known) return known
    const waiting = new Set(kept.texts().map(newMessage))
    const group: Group = { waiting, consumers: [], pumping: false }
    groups.set(groupName, group)
    return group
  }

  return {
    push: (text) => {
      kept.push(text)
      for (const group of groups.values()) enqueue(group, newMessage(text))
    },
    consume: (options, receive) => {
      const group = groupOf(options.group)
      const run: Consumer['run'] = (text, onLate) =>
        deliver(deps, { name, text, options, receive, onLate })
      const consumer: Consumer = { options, running: 0, run }
      group.consumers.unshift(consumer)
      wake(group)
      return async () => {
        group.consumers = group.consumers.filter((other) => other !== consumer)
      }
    },
  }
}

const newMessage = (text: string): Message => ({ text, deliveries: 0, ended: false })
