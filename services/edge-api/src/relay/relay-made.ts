import { encodeSse, SSE_CONTENT_TYPE, SSE_DONE } from '@sluice/protocol/sse'
import type { ChatAnswer } from '@sluice/upstreams/upstream'
import { isUpstreamError } from '@sluice/upstreams/upstream-error'

import type { RelayEnd } from '../relay-end.ts'
import type { AnswerSink, AnswerSource } from './answer-sink.ts'
import { AnswerStopped } from './answer-sink.ts'
import type { StreamMeter } from './meter-stream.ts'
import { meterStream } from './meter-stream.ts'

export interface MadeInput {
  /** Begins the answer; it ends early when the signal aborts. */
  begin: (signal: AbortSignal) => ChatAnswer
  sink: AnswerSink
  hideUsage: boolean
}

/** Relays an answer that a dialect makes in this process. Rejects only for what is no upstream's fault. */
export async function relayMade({ begin, sink, hideUsage }: MadeInput): Promise<RelayEnd> {
  const valve = createValve()
  sink.attach(valve)
  const meter = meterStream({ stream: sink.stream, hideUsage })
  try {
    const answer = begin(valve.signal)
    if (sink.stream) await relayChunks(answer, { sink, meter, valve })
    else await relayWhole(answer, { sink, meter })
    return { kind: 'delivered', meter }
  } catch (error) {
    const carried = sink.carried ? meter : undefined
    const { reason } = valve.signal
    if (reason instanceof AnswerStopped) return { kind: 'stopped', by: reason.end, meter: carried }
    if (!isUpstreamError(error)) throw error
    return { kind: 'failed', failure: error.failure, meter: carried }
  } finally {
    sink.attach(undefined)
  }
}

async function relayWhole(
  answer: ChatAnswer,
  { sink, meter }: { sink: AnswerSink; meter: StreamMeter },
): Promise<void> {
  const body = Buffer.from(JSON.stringify(await answer.whole()))
  meter.push(body)
  sink.begin(200, 'application/json', ['content-length', String(body.length)])
  sink.end(body)
}

async function relayChunks(
  answer: ChatAnswer,
  { sink, meter, valve }: { sink: AnswerSink; meter: StreamMeter; valve: Valve },
): Promise<void> {
  const write = (event: string) => {
    const bytes = meter.push(Buffer.from(event))
    if (!bytes) return
    sink.begin(200, SSE_CONTENT_TYPE)
    sink.write(bytes)
  }
  for await (const chunk of answer.chunks()) {
    await valve.opened()
    valve.signal.throwIfAborted()
    write(encodeSse({ data: JSON.stringify(chunk) }))
  }
  write(SSE_DONE)
  sink.end()
}

interface Valve extends AnswerSource {
  signal: AbortSignal
  /** Resolves when the reader wants more, or nobody does. */
  opened(): Promise<void>
}

function createValve(): Valve {
  const controller = new AbortController()
  let closed: { promise: Promise<void>; open: () => void } | undefined
  const open = () => {
    closed?.open()
    closed = undefined
  }
  return {
    signal: controller.signal,
    opened: async () => closed?.promise,
    pause: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      closed ??= { promise, open: resolve }
    },
    resume: open,
    abort: (reason) => {
      controller.abort(reason)
      open()
    },
  }
}
