import type { BusEventName } from '@sluice/contracts/events'

import type { BusDeps } from './bus-deps.ts'
import type { QueueOptions, Unsubscribe } from './bus.ts'
import type { DeliveryEnd } from './deliver.ts'
import { redeliveryDelayMs } from './redelivery-delay.ts'

/** Queued messages per group; beyond this, the oldest is dropped. */
const WAITING_MAX = 10_000

interface Message {
  text: string
  deliveries: number
  /** Acknowledged or dropped: not delivered again, even if a timer is still pending. */
  ended: boolean
}

/** Delivers one message; `onLate` is called when its time to acknowledge is over. */
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

/** The consumers of one group and its queued messages. */
export function createMemoryGroup(deps: BusDeps, name: BusEventName): MemoryGroup {
  // A Set is a queue from which any message can be removed.
  const waiting = new Set<Message>()
  /** Round robin: the next consumer is first. */
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
    schedulePump()
  }

  // In a microtask, so that announcing does not wait for consumers.
  const schedulePump = () => {
    if (pumping) return
    pumping = true
    queueMicrotask(() => {
      pumping = false
      pump()
    })
  }

  const pump = () => {
    for (const message of waiting) {
      const index = consumers.findIndex(({ running, options }) => running < options.inFlightMax)
      const [consumer] = index < 0 ? [] : consumers.splice(index, 1)
      if (!consumer) return
      consumers.push(consumer)
      waiting.delete(message)
      void deliverTo(consumer, message)
    }
  }

  const deliverTo = async (consumer: Consumer, message: Message) => {
    message.deliveries += 1
    consumer.running += 1
    const again = () => requeue(message, consumer.options)
    const end = await consumer.run(message.text, again)
    consumer.running -= 1
    if (end === 'done' || end === 'poison') {
      message.ended = true
      waiting.delete(message)
    }
    if (end === 'failed')
      delayRedelivery(message, { deliveriesMax: consumer.options.deliveriesMax, again })
    schedulePump()
  }

  const requeue = (message: Message, { deliveriesMax }: QueueOptions) => {
    if (message.ended) return
    if (message.deliveries >= deliveriesMax) {
      return drop(deps, { name, message, incident: 'given-up' })
    }
    deps.count?.('redelivered', name)
    enqueue(message)
  }

  const delayRedelivery = (
    message: Message,
    next: { deliveriesMax: number; again: () => void },
  ) => {
    const { deliveries } = message
    // The last delivery needs no delay.
    if (deliveries >= next.deliveriesMax) return next.again()
    deps.clock.after(redeliveryDelayMs({ deliveries, random: deps.random }), next.again)
  }

  return {
    push: (text) => enqueue({ text, deliveries: 0, ended: false }),
    join: (options, run) => {
      const consumer: Consumer = { options, running: 0, run }
      consumers.unshift(consumer)
      schedulePump()
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
  log?.warn({ event: name, deliveries: message.deliveries, incident }, 'message dropped')
}
