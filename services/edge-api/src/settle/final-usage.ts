import type { TokenUsage, UsageSource } from '@sluice/contracts/usage'

import type { AnswerMeter } from '../relay-end.ts'

/** What a prompt's bytes are usually worth; the reservation counts each byte as a token. */
const BYTES_PER_TOKEN = 4

/**
 * What was truly consumed: the upstream's own report, else an estimate of what passed. Undefined when
 * nothing is owed: an answer without a word is free, whatever it cost us.
 */
export function finalUsage(
  meter: AnswerMeter | undefined,
  { promptBytes }: { promptBytes: number },
): { usage: TokenUsage; source: UsageSource } | undefined {
  if (!meter) return undefined
  if (meter.usage)
    return meter.usage.output > 0 ? { usage: meter.usage, source: 'upstream' } : undefined
  const output = meter.estimateOutput()
  if (output === 0) return undefined
  const input = Math.ceil(promptBytes / BYTES_PER_TOKEN)
  return { usage: { kind: 'tokens', input, cachedInput: 0, output }, source: 'estimate' }
}
