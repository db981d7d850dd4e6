import type { Clock } from '@sluice/kernel/clock'
import { createInbox, nanos } from 'nats'
import type { Msg } from 'nats'

import type { NatsLink } from './nats-connection.ts'
import type { NatsStream } from './nats-stream.ts'

const EXPIRES_MS = 10_000
/** A pull without an answer for this long is lost, and its durable consumer may be too. */
const LOST_MS = 13_000

export interface PullEvents {
  message: (message: Msg) => void
  /** The pull ended without a message. */
  empty: () => void
  /** The pull failed: stream, durable consumer or JetStream may have changed. */
  broken: () => void
}

export interface NatsPulls {
  /** Requests `batch` messages; only while no pull is open. */
  request(durable: string, batch: number): void
  /** How many messages the open pull may still deliver. */
  pending(): number
  /** Abandons the open pull. */
  forget(): void
  /** Drains the reply subscription. */
  stop(): Promise<void>
}

interface Pull {
  address: string
  left: number
  cancel: () => void
}

/**
 * Pull requests to one durable consumer, one at a time: messages arrive with the subject they were published
 * to, so with two open pulls they could not be assigned to one of them.
 */
export function createNatsPulls(
  { link: { nc }, stream, clock }: { link: NatsLink; stream: NatsStream; clock: Clock },
  events: PullEvents,
): NatsPulls {
  const inbox = `${createInbox()}.`
  let open: Pull | undefined
  let sent = 0

  const forget = () => {
    open?.cancel()
    open = undefined
  }

  const receive = (message: Msg) => {
    const status = message.data.length === 0 ? message.headers?.code : undefined
    if (status === undefined) {
      if (open) open.left -= 1
      if (open?.left === 0) forget()
      return events.message(message)
    }
    // The status of an abandoned pull.
    if (message.subject !== open?.address) return
    forget()
    // 404: no messages, 408: none came in time.
    if (status === 404 || status === 408) events.empty()
    else events.broken()
  }

  const subscription = nc.subscribe(`${inbox}*`, { callback: (_, message) => receive(message) })

  return {
    request: (durable, batch) => {
      sent += 1
      const address = inbox + sent.toString(36)
      const cancel = clock.after(LOST_MS, () => {
        open = undefined
        events.broken()
      })
      open = { address, left: batch, cancel }
      const body = JSON.stringify({ batch, expires: nanos(EXPIRES_MS) })
      nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream.name}.${durable}`, body, { reply: address })
    },
    pending: () => open?.left ?? 0,
    forget,
    stop: () => subscription.drain(),
  }
}
