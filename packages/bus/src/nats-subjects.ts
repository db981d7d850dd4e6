import type { BusEventName } from '@sluice/contracts/events'
import { assert } from '@sluice/kernel/assert'

/** The subjects and the stream of one installation on a NATS server. */
export interface NatsSubjects {
  topic(name: BusEventName): string
  queue(name: BusEventName): string
  rpc(subject: string): string
  /** Wildcard subject of all queues. */
  queues: string
  /** The stream that stores the queues. */
  stream: string
}

/**
 * Subjects prefixed by a namespace, so that installations may share a server. Event names and methods are
 * closed sets of letters, digits and dashes, so no `*`, `>` or space from a caller can reach a subject.
 */
export function natsSubjects(namespace: string): NatsSubjects {
  assert(
    /^[a-z0-9-]{1,40}$/.test(namespace),
    'a namespace has lower-case letters, digits and dashes',
  )
  return {
    topic: (name) => `${namespace}.topic.${name}`,
    queue: (name) => `${namespace}.queue.${name}`,
    rpc: (subject) => `${namespace}.${subject}`,
    queues: `${namespace}.queue.>`,
    stream: `${namespace.toUpperCase().replaceAll('-', '_')}_QUEUE`,
  }
}
