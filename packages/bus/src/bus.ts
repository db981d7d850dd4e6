import type { BusEvent, BusEventName } from '@sluice/contracts/events'

/** Ends a subscription; resolves when no more messages will be delivered to it. */
export type Unsubscribe = () => Promise<void>

export interface QueueOptions {
  /** Consumers of one group share the messages; each message reaches one of them. */
  group: string
  /** How many messages this consumer may have unacknowledged at once. */
  inFlightMax: number
  /** A message that is not acknowledged within this time is delivered again. */
  ackWithinMs: number
  /** After so many deliveries a message is dropped and counted: the row and its sweeper remain. */
  deliveriesMax: number
}

/**
 * Messages between modules. Everything here is a hint: a message may be lost, repeated or late, and
 * a consumer must be idempotent. Payloads are parsed against contracts' `busEvents` on both ends; a
 * payload that does not parse is counted and dropped, never thrown at the consumer.
 */
export interface Bus {
  /** Announces to every subscriber (topic) or to one of each group (queue). Resolves once handed over. */
  announce<Name extends BusEventName>(name: Name, event: BusEvent<Name>): Promise<void>
  /** Listens to a topic. Messages of before the subscription are not delivered. */
  subscribe<Name extends BusEventName>(
    name: Name,
    receive: (event: BusEvent<Name>) => void | Promise<void>,
  ): Promise<Unsubscribe>
  /** Takes messages of a durable queue. Resolving acknowledges; throwing redelivers after a delay. */
  consume<Name extends BusEventName>(
    name: Name,
    options: QueueOptions,
    receive: (event: BusEvent<Name>, signal: AbortSignal) => Promise<void>,
  ): Promise<Unsubscribe>
  /** Sends bytes to one server of the subject and waits; for connect-contract and serve-contract only. */
  request(
    subject: string,
    body: string,
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<string>
  /** Answers requests on a subject; servers of the same subject share the load. */
  serve(
    subject: string,
    answer: (body: string, signal: AbortSignal) => Promise<string>,
  ): Promise<Unsubscribe>
  /** False while messages cannot be handed over; for /ready and fallbacks. */
  connected(): boolean
  /** Finishes what was taken, within the time, and lets go of the connection. */
  close(options?: { withinMs: number }): Promise<void>
}
