import type { RequestRecord } from '../src/http/request.ts'

/** A record of the request log: a successful chat request, unless overridden. */
export const loggedRequest = (overrides: Partial<RequestRecord> = {}): RequestRecord => ({
  requestId: 'req_1',
  apiKeyId: 'key_1',
  wallet: 'wal_1',
  route: '/v1/chat/completions',
  model: 'gpt-5',
  channelId: null,
  credentialId: null,
  status: 200,
  errorCode: null,
  streamed: false,
  attempts: 1,
  inputTokens: null,
  outputTokens: null,
  amountMicro: 0n,
  firstByteMs: null,
  durationMs: 100,
  receivedAtMs: Date.UTC(2026, 10, 21, 12),
  taskId: null,
  ...overrides,
})
