import { callFailed } from './call-failed.ts'
import type { BusEventName } from '@sluice/contracts/events'
import { assert } from '@sluice/kernel/assert'
import { singleFlight } from '@sluice/kernel/single-flight'
import { AckPolicy, DeliverPolicy, DiscardPolicy, nanos, RetentionPolicy, StorageType } from 'nats'
import type {
  ConsumerConfig,
  JetStreamManager,
  NatsConnection,
  NatsError,
  StreamConfig,
} from 'nats'

import { MESSAGE_BYTES_MAX, QUEUE_AGE_MAX_MS } from './bus-limits.ts'
import type { QueueOptions } from './bus.ts'
import type { NatsSubjects } from './nats-subjects.ts'

const API_WITHIN_MS = 3_000
/** Beyond this, the server removes the oldest messages; their database rows remain. */
const MESSAGES_MAX = 1_000_000
/** Added to the server's limit, so that a late receiver is aborted before the message is redelivered. */
const ACK_GRACE_MS = 250
/** Unacknowledged messages of one group over all its consumers. */
const UNACKED_MAX = 20_000

export interface NatsStream {
  /** The stream's name on the server. */
  name: string
  /** Creates the stream if it does not exist: the server may be new or have lost its disk. */
  ensureStream(): Promise<void>
  /** Creates the group's durable consumer, or updates it to these options; returns its name. */
  ensureConsumer(name: BusEventName, options: QueueOptions): Promise<string>
}

/** The stream behind all queues. */
export function createNatsStream(nc: NatsConnection, subjects: NatsSubjects): NatsStream {
  const { stream } = subjects
  const streamConfig = configOf(subjects)
  const flights = singleFlight<void>()
  let opened: Promise<JetStreamManager> | undefined
  const manager = () =>
    (opened ??= nc.jetstreamManager({ checkAPI: false, timeout: API_WITHIN_MS }))

  const ensureStream = () =>
    flights.run(stream, async () => {
      const { streams } = await manager()
      try {
        await streams.add(streamConfig)
      } catch (error) {
        if (!isConflict(error)) throw unavailable(error)
        await streams.update(stream, streamConfig).catch(rethrow)
      }
    })

  return {
    name: stream,
    ensureStream,
    ensureConsumer: async (name, options) => {
      const durable = durableName(name, options.group)
      const config = consumerConfig(subjects.queue(name), { ...options, durable })
      await ensureStream()
      const { consumers } = await manager()
      try {
        await consumers.add(stream, config)
      } catch (error) {
        if (!isConflict(error)) throw unavailable(error)
        await consumers.update(stream, durable, config).catch(rethrow)
      }
      return durable
    },
  }
}

// Compatible with server 2.9: no compression, no TTL per message, one filter per consumer.
const configOf = (subjects: NatsSubjects): Partial<StreamConfig> & { name: string } => ({
  name: subjects.stream,
  subjects: [subjects.queues],
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  discard: DiscardPolicy.Old,
  max_age: nanos(QUEUE_AGE_MAX_MS),
  max_msgs: MESSAGES_MAX,
  max_msg_size: MESSAGE_BYTES_MAX,
})

function consumerConfig(
  subject: string,
  { durable, ackWithinMs }: QueueOptions & { durable: string },
): Partial<ConsumerConfig> {
  return {
    durable_name: durable,
    filter_subject: subject,
    ack_policy: AckPolicy.Explicit,
    // The group also receives messages announced before its first consumer started.
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(ackWithinMs + ACK_GRACE_MS),
    // Counted in nats-consumer.ts: the server would stop delivering without a notification.
    max_deliver: -1,
    max_ack_pending: UNACKED_MAX,
  }
}

function durableName(name: BusEventName, group: string): string {
  assert(
    /^[a-z0-9-]{1,60}$/.test(group),
    `a group name has lower-case letters, digits and dashes: ${group}`,
  )
  return `${group}_${name}`
}

// Stream name in use with another configuration; consumer exists; consumer name in use.
const conflicts: ReadonlySet<number> = new Set([10058, 10148, 10013])

function isConflict(error: unknown): boolean {
  const code = (error as Partial<NatsError>).api_error?.err_code
  return code !== undefined && conflicts.has(code)
}

const unavailable = (cause: unknown) =>
  callFailed('unavailable', { what: 'unstored', detail: 'JetStream is not available', cause })

function rethrow(cause: unknown): never {
  throw unavailable(cause)
}
