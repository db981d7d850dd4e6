import type { Clock } from '@sluice/kernel/clock'
import { createInbox, nanos } from 'nats'
import type { Msg } from 'nats'

import type { NatsLink } from './nats-connection.ts'
import type { NatsStream } from './nats-stream.ts'

const EXPIRES_MS = 10_000
/** A pull of which nothing was heard for so long was lost, and perhaps its consumer with it. */
const LOST_MS = 13_000

export interface PullEvents {
  message: (message: Msg) => void
  /** Nothing came in time. */
  empty: () => void
  /** The stream, the consumer or JetStream is not what it was. */
  broken: () => void
}

export interface NatsPulls {
  /** Asks for so many messages; only while nothing is asked for. */
  ask(durable: string, batch: number): void
  /** How many messages may still come without being asked for again. */
  asked(): number
  /** Expects nothing more of what was asked so far. */
  forget(): void
  /** Gives up the address of the answers, after what is on its way has come. */
  stop(): Promise<void>
}

interface Pull {
  address: string
  left: number
  cancel: () => void
}

/**
 * Pull requests to one consumer, one at a time: messages arrive under the subject at which they were
 * published, so that of two open pulls nobody could tell which one they belong to.
 */
export function createNatsPulls(
  { link: { nc }, stream, clock }: { link: NatsLink; stream: NatsStream; clock: Clock },
  events: PullEvents,
): NatsPulls {
  const inbox = `${createInbox()}.`
  let open: Pull | undefined
  let made = 0

  const forget = () => {
    open?.cancel()
    open = undefined
  }

  const hear = (message: Msg) => {
    const status = message.data.length === 0 ? message.headers?.code : undefined
    if (status === undefined) {
      if (open) open.left -= 1
      if (open?.left === 0) forget()
      return events.message(message)
    }
    // The end of a pull that we have forgotten.
    if (message.subject !== open?.address) return
    forget()
    // 404: no messages, 408: none came in time.
    if (status === 404 || status === 408) events.empty()
    else events.broken()
  }

  const subscription = nc.subscribe(`${inbox}*`, { callback: (_, message) => hear(message) })

  return {
    ask: (durable, batch) => {
      made += 1
      const address = inbox + made.toString(36)
      const cancel = clock.after(LOST_MS, () => {
        open = undefined
        events.broken()
      })
      open = { address, left: batch, cancel }
      const body = JSON.stringify({ batch, expires: nanos(EXPIRES_MS) })
      nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream.name}.${durable}`, body, { reply: address })
    },
    asked: () => open?.left ?? 0,
    forget,
    stop: () => subscription.drain(),
  }
}
