import type { BusEventName } from '@sluice/contracts/events'
import { assert } from '@sluice/kernel/assert'

/** The names that one installation has on a NATS server. */
export interface NatsSubjects {
  topic(name: BusEventName): string
  queue(name: BusEventName): string
  rpc(subject: string): string
  /** Every queue's subject. */
  queues: string
  /** The stream behind them. */
  stream: string
}

/**
 * Subjects below a namespace, so that installations may share a server. Event names and methods are closed
 * sets of letters, digits and dashes, so that no `*`, `>` or space of a caller can reach a subject.
 */
export function natsSubjects(namespace: string): NatsSubjects {
  assert(/^[a-z0-9-]{1,40}$/.test(namespace), 'a namespace has small letters, digits and dashes')
  return {
    topic: (name) => `${namespace}.topic.${name}`,
    queue: (name) => `${namespace}.queue.${name}`,
    rpc: (subject) => `${namespace}.${subject}`,
    queues: `${namespace}.queue.>`,
    stream: `${namespace.toUpperCase().replaceAll('-', '_')}_QUEUE`,
  }
}
