import type { RequestRecord } from '../http/request.ts'

/** Facts collected about a running chat request. It becomes its row in the request log. */
export interface ChatTrace extends RequestRecord {
  firstByteAtMs: number | undefined
  /** The image routes write the row. */
  isDelegated: boolean
}

export function chatTrace({
  requestId,
  route,
  receivedAtMs,
}: {
  requestId: string
  route: string
  receivedAtMs: number
}): ChatTrace {
  return {
    requestId,
    route,
    receivedAtMs,
    apiKeyId: null,
    wallet: null,
    model: null,
    channelId: null,
    credentialId: null,
    status: 200,
    errorCode: null,
    streamed: false,
    attempts: 0,
    inputTokens: null,
    outputTokens: null,
    amountMicro: 0n,
    firstByteMs: null,
    durationMs: 0,
    taskId: null,
    firstByteAtMs: undefined,
    isDelegated: false,
  }
}

/** Completes the row of the request log. */
export function endTrace(trace: ChatTrace, nowMs: number): RequestRecord {
  const { receivedAtMs, firstByteAtMs } = trace
  trace.firstByteMs = firstByteAtMs === undefined ? null : firstByteAtMs - receivedAtMs
  trace.durationMs = nowMs - receivedAtMs
  return trace
}
