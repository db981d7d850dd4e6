import { z } from 'zod'

import type { UsageRecord } from './usage-record.ts'
import { usageRecord } from './usage-record.ts'

const RECORDS_MAX = 1_000

/**
 * Usage records as text, one JSON line each, for calls and for spool files. Decoding validates every field;
 * encoding does not use the schema: an edge encodes one record for each request, and zod's encoder would
 * cost more than everything else about the record.
 */
export const usageBatch = z.codec(
  z.string(),
  z.custom<UsageRecord[]>((value) => Array.isArray(value)),
  {
    decode: (text, context) => {
      const lines = text.split('\n').filter((line) => line !== '')
      const parsed = records.safeParse(lines.map(parseJson))
      if (parsed.success) return parsed.data
      for (const { path, message } of parsed.error.issues) {
        context.issues.push({ code: 'custom', message, path, input: text })
      }
      return z.NEVER
    },
    encode: (batch) => usageLines(batch),
  },
)

const records = z.array(usageRecord).min(1).max(RECORDS_MAX)

// A batch is encoded once for the spool file and for the call.
const encoded = new WeakMap<readonly UsageRecord[], string>()

/** Encodes records, one JSON line each. The result is cached: the list must not change afterwards. */
export function usageLines(batch: readonly UsageRecord[]): string {
  const known = encoded.get(batch)
  if (known !== undefined) return known
  let text = ''
  for (const record of batch) text += `${JSON.stringify(usageRecordToWire(record))}\n`
  encoded.set(batch, text)
  return text
}

/** Joins batches in order, without encoding any record again. */
export function joinUsageBatches(batches: readonly (readonly UsageRecord[])[]): UsageRecord[] {
  const joined = batches.flat()
  encoded.set(joined, batches.map(usageLines).join(''))
  return joined
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

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
