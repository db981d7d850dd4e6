import type { TokenUsage } from '@sluice/contracts/usage'

import type { RequestRecord } from '../request.ts'

/** What is learned of a chat request while it runs; becomes its line in the request log. */
export interface ChatTrace {
  readonly requestId: string
  readonly route: string
  readonly receivedAtMs: number
  apiKeyId: string | null
  wallet: string | null
  model: string | null
  channelId: string | null
  credentialId: string | null
  status: number
  errorCode: string | null
  streamed: boolean
  attempts: number
  usage: TokenUsage | undefined
  amountMicro: bigint
  firstByteAtMs: number | undefined
  /** Somebody else writes the line. */
  handedOver: boolean
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
    usage: undefined,
    amountMicro: 0n,
    firstByteAtMs: undefined,
    handedOver: false,
  }
}

export function traceRecord(trace: ChatTrace, nowMs: number): RequestRecord {
  const { receivedAtMs, firstByteAtMs, usage } = trace
  return {
    requestId: trace.requestId,
    apiKeyId: trace.apiKeyId,
    wallet: trace.wallet,
    route: trace.route,
    model: trace.model,
    channelId: trace.channelId,
    credentialId: trace.credentialId,
    status: trace.status,
    errorCode: trace.errorCode,
    streamed: trace.streamed,
    attempts: trace.attempts,
    inputTokens: usage?.input ?? null,
    outputTokens: usage?.output ?? null,
    amountMicro: trace.amountMicro,
    firstByteMs: firstByteAtMs === undefined ? null : firstByteAtMs - receivedAtMs,
    durationMs: nowMs - receivedAtMs,
    receivedAtMs,
  }
}
