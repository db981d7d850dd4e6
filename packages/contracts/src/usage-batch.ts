import { z } from 'zod'

import type { UsageRecord } from './usage-record.ts'
import { usageRecord } from './usage-record.ts'

const RECORDS_MAX = 1_000

/**
 * Usage records in a call and on disk: text, one JSON line a record. They are read with every check there
 * is, but written by hand: an edge writes one for each request that it answers, and the schema's own encoder
 * costs more than the rest of the record.
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

// The same batch goes to disk and into a call.
const written = new WeakMap<readonly UsageRecord[], string>()

/** The records as text, one JSON line each. The list must not change afterwards. */
export function usageLines(batch: readonly UsageRecord[]): string {
  const known = written.get(batch)
  if (known !== undefined) return known
  let text = ''
  for (const record of batch) text += `${JSON.stringify(usageRecordToWire(record))}\n`
  written.set(batch, text)
  return text
}

/** Several batches as one, in their order, without writing any record again. */
export function joinUsageBatches(batches: readonly (readonly UsageRecord[])[]): UsageRecord[] {
  const joined = batches.flat()
  written.set(joined, batches.map(usageLines).join(''))
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
