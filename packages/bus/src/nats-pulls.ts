import type { Clock } from '@sluice/kernel/clock'
import { createInbox, nanos } from 'nats'
import type { Msg } from 'nats'

import type { NatsLink } from './nats-connection.ts'
import { STREAM } from './nats-stream.ts'

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
  /** Asks for so many messages. */
  ask(durable: string, batch: number): void
  /** How many messages may still come without being asked for again. */
  asked(): number
  /** Expects nothing more of what was asked so far. */
  forget(): void
  /** Gives up the address of the answers, after what is on its way has come. */
  stop(): Promise<void>
}

/** Pull requests to one consumer and the account of what they may still bring. */
export function createNatsPulls(
  { link: { nc }, clock }: { link: NatsLink; clock: Clock },
  events: PullEvents,
): NatsPulls {
  const inbox = `${createInbox()}.`
  const pulls = new Map<string, { left: number; cancel: () => void }>()
  let asked = 0
  let made = 0

  const forgetOne = (token: string) => {
    const pull = pulls.get(token)
    if (!pull) return
    pulls.delete(token)
    pull.cancel()
    asked -= pull.left
  }

  const hear = (message: Msg) => {
    const token = message.subject.slice(inbox.length)
    const status = message.data.length === 0 ? message.headers?.code : undefined
    if (status !== undefined) {
      forgetOne(token)
      // 404: no messages, 408: none came in time.
      return status === 404 || status === 408 ? events.empty() : events.broken()
    }
    const pull = pulls.get(token)
    if (pull) {
      pull.left -= 1
      asked -= 1
      if (pull.left === 0) forgetOne(token)
    }
    events.message(message)
  }

  const subscription = nc.subscribe(`${inbox}*`, { callback: (_, message) => hear(message) })

  return {
    ask: (durable, batch) => {
      made += 1
      const token = made.toString(36)
      const cancel = clock.after(LOST_MS, () => {
        forgetOne(token)
        events.broken()
      })
      pulls.set(token, { left: batch, cancel })
      asked += batch
      const body = JSON.stringify({ batch, expires: nanos(EXPIRES_MS) })
      nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${STREAM}.${durable}`, body, { reply: inbox + token })
    },
    asked: () => asked,
    forget: () => {
      for (const token of pulls.keys()) forgetOne(token)
    },
    stop: () => subscription.drain(),
  }
}
