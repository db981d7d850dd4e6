import type { BusEvent, BusEventName } from '@sluice/contracts/events'

/** Ends a subscription; resolves when no more messages will be delivered to it. */
export type Unsubscribe = () => Promise<void>

export interface QueueOptions {
  /** Consumers of one group share the messages; each message reaches one of them. */
  group: string
  /** How many messages this consumer may have unacknowledged at once. */
  inFlightMax: number
  /** A message not acknowledged within this time is delivered again. */
  ackWithinMs: number
  /**
   * After this many deliveries a message is dropped and counted; its database row is found by a periodic
   * scan.
   */
  deliveriesMax: number
}

/**
 * Messages between modules. A message may be lost, repeated or delayed, so consumers must be idempotent.
 * Both sides validate payloads against `busEvents` of contracts; a payload that does not match is counted and
 * dropped and never reaches the consumer.
 */
export interface Bus {
  /**
   * Publishes to every subscriber (topic) or to one consumer of each group (queue). Resolves once sent or
   * stored.
   */
  announce<Name extends BusEventName>(name: Name, event: BusEvent<Name>): Promise<void>
  /** Subscribes to a topic. Earlier messages are not delivered. */
  subscribe<Name extends BusEventName>(
    name: Name,
    receive: (event: BusEvent<Name>) => void | Promise<void>,
  ): Promise<Unsubscribe>
  /** Consumes a durable queue. Resolving acknowledges a message; throwing redelivers it after a delay. */
  consume<Name extends BusEventName>(
    name: Name,
    options: QueueOptions,
    receive: (event: BusEvent<Name>, signal: AbortSignal) => Promise<void>,
  ): Promise<Unsubscribe>
  /** Sends a request to one server of the subject and waits for its reply; for connect-contract only. */
  request(
    subject: string,
    body: string,
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<string>
  /** Replies to requests on a subject; servers of one subject share its requests. For serve-contract only. */
  serve(
    subject: string,
    answer: (body: string, signal: AbortSignal) => Promise<string>,
  ): Promise<Unsubscribe>
  /** False while messages cannot be sent; for /ready and fallbacks. */
  connected(): boolean
  /** Finishes the messages being handled, within the time, and closes the connection. */
  close(options?: { withinMs: number }): Promise<void>
}
