import { describe, expect, it } from 'vitest'
import { z } from 'zod'

import type { UsageRecord } from './billing.contract.ts'
import { usageRecord } from './billing.contract.ts'
import { usageBatch } from './usage-batch.ts'

const id = (prefix: string) => `${prefix}_${'0'.repeat(32)}`
const record: UsageRecord = {
  requestId: id('req'),
  allowanceId: id('alw'),
  wallet: id('wal'),
  apiKeyId: 'key_1',
  model: 'm',
  priceId: 'p',
  usage: { kind: 'tokens', input: 3, cachedInput: 1, output: 2 },
  source: 'estimate',
  reservedMicro: 9_007_199_254_740_993n,
  amountMicro: 5n,
  upstreamLossMicro: 0n,
  endState: 'cut-by-caller',
  endedAt: new Date('2026-11-21T09:00:00.123Z'),
}

describe('a batch of usage records', () => {
  it('is written as the schema of a record would write it, field by field', () => {
    expect(z.encode(usageBatch, [record])).toEqual([z.encode(usageRecord, record)])
  })

  it('arrives as it was sent', () => {
    const wire = JSON.parse(JSON.stringify(z.encode(usageBatch, [record, record])))
    expect(usageBatch.parse(wire)).toEqual([record, record])
  })

  it.each([
    ['is empty', []],
    ['is no list', { 0: record }],
    [
      'holds a record without an amount',
      [{ ...z.encode(usageRecord, record), amountMicro: undefined }],
    ],
    ['holds a negative amount', [{ ...z.encode(usageRecord, record), amountMicro: '-1' }]],
  ])('is refused when it %s', (_, wire) => {
    expect(usageBatch.safeParse(wire).success).toBe(false)
  })

  it('says which record is wrong, and how', () => {
    const wrong = { ...z.encode(usageRecord, record), endState: 'lost' }
    const parsed = usageBatch.safeParse([z.encode(usageRecord, record), wrong])
    expect(parsed.error?.issues[0]?.path).toEqual([1, 'endState'])
  })
})
