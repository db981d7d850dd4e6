import type { BusEventName } from '@sluice/contracts/events'

import type { BusDeps } from './bus-deps.ts'
import type { QueueOptions, Unsubscribe } from './bus.ts'
import type { DeliveryEnd } from './deliver.ts'
import { redeliveryDelayMs } from './redelivery-delay.ts'

/** Messages that wait for one group; beyond, the oldest is dropped. */
const WAITING_MAX = 10_000

interface Message {
  text: string
  deliveries: number
  /** Acknowledged or dropped: not to be delivered again, whatever timer is still to fire. */
  ended: boolean
}

/** Runs one message; `onLate` is called when its time to acknowledge is over. */
export type RunMessage = (text: string, onLate: () => void) => Promise<DeliveryEnd>

interface Consumer {
  options: QueueOptions
  running: number
  run: RunMessage
}

export interface MemoryGroup {
  push(text: string): void
  join(options: QueueOptions, run: RunMessage): Unsubscribe
}

/** The consumers of one group, and what waits for them. */
export function createMemoryGroup(deps: BusDeps, name: BusEventName): MemoryGroup {
  // A Set is a queue from which a message in the middle can be taken out.
  const waiting = new Set<Message>()
  /** The one whose turn it is stands first. */
  let consumers: Consumer[] = []
  let pumping = false

  const enqueue = (message: Message) => {
    if (message.ended) return
    waiting.add(message)
    const [oldest] = waiting
    if (oldest && waiting.size > WAITING_MAX) {
      waiting.delete(oldest)
      drop(deps, { name, message: oldest, incident: 'discarded' })
    }
    wake()
  }

  // In a microtask: whoever announces does not wait for whoever consumes.
  const wake = () => {
    if (pumping) return
    pumping = true
    queueMicrotask(() => {
      pumping = false
      pump()
    })
  }

  const pump = () => {
    for (const message of waiting) {
      const turn = consumers.findIndex(({ running, options }) => running < options.inFlightMax)
      const [consumer] = turn < 0 ? [] : consumers.splice(turn, 1)
      if (!consumer) return
      consumers.push(consumer)
      waiting.delete(message)
      void hand(consumer, message)
    }
  }

  const hand = async (consumer: Consumer, message: Message) => {
    message.deliveries += 1
    consumer.running += 1
    const again = () => returnMessage(message, consumer.options)
    const end = await consumer.run(message.text, again)
    consumer.running -= 1
    if (end === 'done' || end === 'poison') {
      message.ended = true
      waiting.delete(message)
    }
    if (end === 'failed') rest(message, { deliveriesMax: consumer.options.deliveriesMax, again })
    wake()
  }

  const returnMessage = (message: Message, { deliveriesMax }: QueueOptions) => {
    if (message.ended) return
    if (message.deliveries >= deliveriesMax) {
      return drop(deps, { name, message, incident: 'given-up' })
    }
    deps.count?.('redelivered', name)
    enqueue(message)
  }

  const rest = (message: Message, next: { deliveriesMax: number; again: () => void }) => {
    const { deliveries } = message
    // After the last delivery there is nothing to wait for.
    if (deliveries >= next.deliveriesMax) return next.again()
    deps.clock.after(redeliveryDelayMs({ deliveries, random: deps.random }), next.again)
  }

  return {
    push: (text) => enqueue({ text, deliveries: 0, ended: false }),
    join: (options, run) => {
      const consumer: Consumer = { options, running: 0, run }
      consumers.unshift(consumer)
      wake()
      return async () => {
        consumers = consumers.filter((other) => other !== consumer)
      }
    },
  }
}

function drop(
  { count, log }: BusDeps,
  dropped: { name: BusEventName; message: Message; incident: 'given-up' | 'discarded' },
): void {
  const { name, message, incident } = dropped
  message.ended = true
  count?.(incident, name)
  log?.warn({ event: name, deliveries: message.deliveries, incident }, 'a message is dropped')
}
