import { encodeSse, SSE_CONTENT_TYPE, SSE_DONE } from '@sluice/protocol/sse'
import type { ChatAnswer } from '@sluice/upstreams/upstream'
import { isUpstreamError } from '@sluice/upstreams/upstream-error'

import type { RelayEnd } from '../relay-end.ts'
import type { AnswerSink } from './answer-sink.ts'
import { AnswerStopped } from './answer-sink.ts'
import { ChatMeter } from './chat-meter.ts'
import { readObject } from './read-events.ts'
import type { Valve } from './valve.ts'
import { createValve } from './valve.ts'

export interface InProcessInput {
  /** Starts the response; it ends early when the signal aborts. */
  begin: (signal: AbortSignal) => ChatAnswer
  sink: AnswerSink
  hideUsage: boolean
}

/** Relays the response of an in-process dialect. Rejects only for errors that are not upstream errors. */
export async function relayInProcess({
  begin,
  sink,
  hideUsage,
}: InProcessInput): Promise<RelayEnd> {
  const valve = createValve()
  sink.attach(valve)
  const meter = new ChatMeter()
  try {
    const answer = begin(valve.signal)
    if (sink.stream) await relayChunks(answer, { sink, meter, valve, hideUsage })
    else await relayWhole(answer, { sink, meter })
    return { kind: 'delivered', meter }
  } catch (error) {
    const relayedMeter = sink.bodyStarted ? meter : undefined
    const { reason } = valve.signal
    if (reason instanceof AnswerStopped)
      return { kind: 'stopped', by: reason.end, meter: relayedMeter }
    if (!isUpstreamError(error)) throw error
    return { kind: 'failed', failure: error.failure, meter: relayedMeter }
  } finally {
    sink.attach(undefined)
  }
}

async function relayWhole(
  answer: ChatAnswer,
  { sink, meter }: { sink: AnswerSink; meter: ChatMeter },
): Promise<void> {
  const completion = await answer.whole()
  readObject(completion, meter)
  const body = Buffer.from(JSON.stringify(completion))
  sink.begin(200, 'application/json', ['content-length', String(body.length)])
  sink.end(body)
}

async function relayChunks(
  answer: ChatAnswer,
  spec: { sink: AnswerSink; meter: ChatMeter; valve: Valve; hideUsage: boolean },
): Promise<void> {
  const { sink, meter, valve, hideUsage } = spec
  const write = (event: string) => {
    sink.begin(200, SSE_CONTENT_TYPE)
    sink.write(Buffer.from(event))
  }
  for await (const chunk of answer.chunks()) {
    await valve.opened()
    valve.signal.throwIfAborted()
    const { kind } = readObject(chunk, meter)
    if (kind !== 'usage' || !hideUsage) write(encodeSse({ data: JSON.stringify(chunk) }))
  }
  write(SSE_DONE)
  sink.end()
}
