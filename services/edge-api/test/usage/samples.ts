import type { ChargeFacts } from '@sluice/contracts/charges'

import type { RequestRecord } from '../../src/http/request.ts'
import { loggedRequest } from '../logged-request.ts'
import { id } from './fixture.ts'

export const NOON = Date.UTC(2026, 10, 21, 12)
export const DAY_MS = 86_400_000
export const wallet = id('wal', 1)

export const logged = (number: number, overrides: Partial<RequestRecord> = {}): RequestRecord =>
  loggedRequest({
    requestId: id('req', number),
    apiKeyId: id('key', 1),
    wallet,
    durationMs: 100 * number,
    receivedAtMs: NOON,
    ...overrides,
  })

export const sum = (overrides: object = {}) => ({
  day: '2026-11-21',
  model: 'gpt-5',
  calls: 1,
  inputTokens: 10,
  outputTokens: 20,
  pictures: 0,
  chargedMicro: 30n,
  ...overrides,
})
export const zeros = {
  requests: 0,
  failures: 0,
  input_tokens: 0,
  output_tokens: 0,
  pictures: 0,
  charged_micro: '0',
}

export const job: ChargeFacts = {
  id: id('img', 1),
  kind: 'images',
  model: 'gpt-image-2',
  apiKeyId: id('key', 1),
  state: 'charged',
  chargedMicro: 16_000_000n,
  at: new Date(NOON),
}
