import { callFailed } from './call-failed.ts'
import type { Msg } from 'nats'

import { parseJson } from './event-wire.ts'
import type { NatsRequests } from './nats-requests.ts'
import type { NatsStream } from './nats-stream.ts'

const STORED_WITHIN_MS = 3_000

/** Publishes to the stream and waits until it is stored; makes the stream when there is none. */
export async function enqueue(
  { requests, stream }: { requests: NatsRequests; stream: NatsStream },
  { subject, text }: { subject: string; text: string },
): Promise<void> {
  const publish = () => requests.send(subject, text, { timeoutMs: STORED_WITHIN_MS })
  const answer = await publish()
  if (answer) return assertStored(answer)
  // Nobody listens: the stream is not there yet, or not any more.
  await stream.ensureStream()
  assertStored(await publish())
}

// The answer of JetStream to a publish: where it was stored, or why it was not.
function assertStored(reply: Msg | undefined): void {
  const text = reply?.string() ?? 'nothing'
  const ack = parseJson(text)
  if (typeof ack === 'object' && ack !== null && !('error' in ack)) return
  const detail = `JetStream answered ${text.slice(0, 300)}`
  throw callFailed('unavailable', { what: 'unstored', detail })
}
