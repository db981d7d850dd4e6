import type { UsageRecord } from '../usage-record.ts'

const id = (prefix: string) => `${prefix}_${'1'.padStart(32, '0')}`

/** The record of a finished call: five tokens, charged with five micro-credits of ten reserved ones. */
export const sampleUsageRecord = (overrides: Partial<UsageRecord> = {}): UsageRecord => ({
  requestId: id('req'),
  allowanceId: id('alw'),
  wallet: id('wal'),
  apiKeyId: id('key'),
  model: 'gpt-5',
  priceId: id('price'),
  usage: { kind: 'tokens', input: 3, cachedInput: 0, output: 2 },
  source: 'upstream',
  reservedMicro: 10n,
  amountMicro: 5n,
  upstreamLossMicro: 0n,
  endState: 'finished',
  endedAt: new Date('2026-11-21T09:00:00.000Z'),
  ...overrides,
})
