import { callFailed } from './call-failed.ts'
import type { Clock } from '@sluice/kernel/clock'
import { createInbox } from 'nats'
import type { Msg } from 'nats'

import type { RequestOptions } from './memory-requests.ts'
import type { NatsLink } from './nats-connection.ts'

const NO_RESPONDERS = 503

interface Waiter {
  resolve: (reply: Msg | undefined) => void
  reject: (why: unknown) => void
}

export interface NatsRequests {
  /**
   * Publishes with a reply subject and waits; undefined when there are no responders. Rejects with
   * `unavailable` while disconnected, when the connection is lost, and after the timeout; with the signal's
   * reason when it aborts.
   */
  send(subject: string, body: string, options: RequestOptions): Promise<Msg | undefined>
}

/**
 * Requests over one shared reply subscription. The NATS client's own `request` has no abort signal, and waits
 * for the timeout when the connection is lost.
 */
export function createNatsRequests({
  link,
  clock,
}: {
  link: NatsLink
  clock: Clock
}): NatsRequests {
  const { nc } = link
  const inbox = `${createInbox()}.`
  const waiters = new Map<string, Waiter>()
  let sent = 0

  nc.subscribe(`${inbox}*`, {
    callback: (_, reply) => {
      const noResponders = reply.data.length === 0 && reply.headers?.code === NO_RESPONDERS
      waiters.get(reply.subject.slice(inbox.length))?.resolve(noResponders ? undefined : reply)
    },
  })
  link.onChange((connected) => {
    if (connected) return
    for (const waiter of waiters.values()) waiter.reject(disconnectedError())
  })

  return {
    send: (subject, body, { timeoutMs, signal }) =>
      new Promise<Msg | undefined>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        if (!link.connected()) return reject(disconnectedError())
        sent += 1
        const token = sent.toString(36)
        const settle = () => {
          waiters.delete(token)
          cancel()
          signal?.removeEventListener('abort', giveUp)
        }
        const refuse = (why: unknown) => {
          settle()
          reject(why)
        }
        const giveUp = () => refuse(signal?.reason)
        const cancel = clock.after(timeoutMs, () =>
          refuse(
            callFailed('unavailable', {
              what: 'late',
              detail: `${subject} did not answer within ${timeoutMs} ms`,
            }),
          ),
        )
        signal?.addEventListener('abort', giveUp, { once: true })
        waiters.set(token, {
          reject: refuse,
          resolve: (reply) => {
            settle()
            resolve(reply)
          },
        })
        try {
          nc.publish(subject, body, { reply: inbox + token })
        } catch (cause) {
          refuse(
            callFailed('unavailable', {
              what: 'bus',
              detail: `${subject} could not be sent`,
              cause,
            }),
          )
        }
      }),
  }
}

export const disconnectedError = () =>
  callFailed('unavailable', { what: 'bus', detail: 'NATS is disconnected' })
