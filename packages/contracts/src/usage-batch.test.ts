import { describe, expect, it } from 'vitest'
import { z } from 'zod'

import { usageRecord } from './billing.contract.ts'
import { sampleUsageRecord } from './testing/sample-usage-record.ts'
import { joinUsageBatches, usageBatch, usageLines } from './usage-batch.ts'

const record = sampleUsageRecord({
  usage: { kind: 'tokens', input: 3, cachedInput: 1, output: 2 },
  source: 'estimate',
  reservedMicro: 9_007_199_254_740_993n,
  amountMicro: 5n,
  endState: 'cut-by-caller',
  endedAt: new Date('2026-11-21T09:00:00.123Z'),
})

const wire = z.encode(usageRecord, record)
const lines = (...values: unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('')

describe('a batch of usage records', () => {
  it('is encoded exactly as the schema of a record encodes it', () => {
    const [line = ''] = z.encode(usageBatch, [record]).split('\n')
    expect(JSON.parse(line)).toEqual(wire)
  })

  it('decodes to the records that were encoded', () => {
    expect(usageBatch.parse(z.encode(usageBatch, [record, record]))).toEqual([record, record])
  })

  it('is encoded once for the spool file and for the call', () => {
    let read = 0
    const batch = [
      {
        ...record,
        get amountMicro() {
          read += 1
          return 5n
        },
      },
    ]
    expect(usageLines(batch)).toBe(z.encode(usageBatch, batch))
    expect(read).toBe(1)
  })

  it('that joins several has their records in order', () => {
    const other = { ...record, requestId: `req_${'1'.repeat(32)}` }
    const joined = joinUsageBatches([[record], [other, record]])
    expect(joined).toEqual([record, other, record])
    expect(usageBatch.parse(z.encode(usageBatch, joined))).toEqual(joined)
  })

  it.each([
    ['is empty', ''],
    ['is not a string', [wire]],
    ['has a truncated line', lines(wire).slice(0, -9)],
    ['has a record without an amount', lines({ ...wire, amountMicro: undefined })],
    ['has a negative amount', lines({ ...wire, amountMicro: '-1' })],
    ['has too many records', lines(wire).repeat(1_001)],
  ])('is rejected when it %s', (_, sent) => {
    expect(usageBatch.safeParse(sent).success).toBe(false)
  })

  it('reports the index and the field of an invalid record', () => {
    const parsed = usageBatch.safeParse(lines(wire, { ...wire, endState: 'lost' }))
    expect(parsed.error?.issues[0]?.path).toEqual([1, 'endState'])
  })
})
