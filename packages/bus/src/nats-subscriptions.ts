import type { Clock } from '@sluice/kernel/clock'
import type { Subscription } from 'nats'

import { atMost } from './at-most.ts'
import type { Unsubscribe } from './bus.ts'
import type { NatsLink } from './nats-connection.ts'

const FLUSH_WITHIN_MS = 2_000

export interface NatsSubscriptions {
  /** Resolves when the server has registered the subscription. */
  listen(subscription: Subscription): Promise<Unsubscribe>
  /** Registers a subscription to be ended when the bus closes. */
  track(unsubscribe: Unsubscribe): Unsubscribe
  endAll(): Promise<void>
  /** Waits until the server has processed everything sent so far, for FLUSH_WITHIN_MS at most. */
  flush(): Promise<void>
}

/** The open subscriptions of a connection. */
export function createNatsSubscriptions(deps: { link: NatsLink; clock: Clock }): NatsSubscriptions {
  const { link, clock } = deps
  const open = new Set<Unsubscribe>()

  const track = (unsubscribe: Unsubscribe): Unsubscribe => {
    open.add(unsubscribe)
    return async () => {
      open.delete(unsubscribe)
      await unsubscribe()
    }
  }

  const flush = () => atMost(clock, FLUSH_WITHIN_MS, link.nc.flush())

  return {
    track,
    flush,
    listen: async (subscription) => {
      await flush()
      return track(async () => {
        // Drained, so that messages already received are still handled.
        if (link.connected()) await atMost(clock, FLUSH_WITHIN_MS, subscription.drain())
        else subscription.unsubscribe()
      })
    },
    endAll: async () => {
      await Promise.all([...open].map((unsubscribe) => unsubscribe()))
    },
  }
}
