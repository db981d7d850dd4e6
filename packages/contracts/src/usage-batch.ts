import { z } from 'zod'

import type { UsageRecord } from './usage-record.ts'
import { usageRecord } from './usage-record.ts'

/**
 * Usage records on a bus, in a call and on disk. They are read with every check there is, but written by hand: an edge writes one
 * for each request that it answers, and the schema's own encoder costs more than the rest of the record.
 */
export const usageBatch = z.codec(
  z.array(z.unknown()).min(1).max(1_000),
  z.custom<UsageRecord[]>((value) => Array.isArray(value)),
  {
    decode: (wire, context) => {
      const parsed = z.array(usageRecord).safeParse(wire)
      if (parsed.success) return parsed.data
      for (const { path, message } of parsed.error.issues) {
        context.issues.push({ code: 'custom', message, path, input: wire })
      }
      return z.NEVER
    },
    encode: (records) => records.map(usageRecordToWire),
  },
)

/** The record as its schema would encode it. */
export function usageRecordToWire(record: UsageRecord): z.input<typeof usageRecord> {
  return {
    requestId: record.requestId,
    allowanceId: record.allowanceId,
    wallet: record.wallet,
    apiKeyId: record.apiKeyId,
    model: record.model,
    priceId: record.priceId,
    usage: record.usage,
    source: record.source,
    reservedMicro: record.reservedMicro.toString(),
    amountMicro: record.amountMicro.toString(),
    upstreamLossMicro: record.upstreamLossMicro.toString(),
    endState: record.endState,
    endedAt: record.endedAt.toISOString(),
  }
}
