import { callFailed } from './call-failed.ts'
import type { Msg } from 'nats'

import { parseJson } from './event-wire.ts'
import type { NatsRequests } from './nats-requests.ts'
import type { NatsStream } from './nats-stream.ts'

const STORED_WITHIN_MS = 3_000

/** Publishes to the stream and waits until the message is stored; creates the stream if it does not exist. */
export async function enqueue(
  { requests, stream }: { requests: NatsRequests; stream: NatsStream },
  { subject, text }: { subject: string; text: string },
): Promise<void> {
  const publish = () => requests.send(subject, text, { timeoutMs: STORED_WITHIN_MS })
  const answer = await publish()
  if (answer) return assertStored(answer)
  // No responders: the stream does not exist.
  await stream.ensureStream()
  assertStored(await publish())
}

// JetStream replies to a publish with the stored sequence or an error.
function assertStored(reply: Msg | undefined): void {
  const text = reply?.string() ?? 'nothing'
  const ack = parseJson(text)
  if (typeof ack === 'object' && ack !== null && !('error' in ack)) return
  const detail = `JetStream answered ${text.slice(0, 300)}`
  throw callFailed('unavailable', { what: 'unstored', detail })
}
